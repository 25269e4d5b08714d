"""One committer brings the pointers of all models' batches into one git repository, a projection of the ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import LedgerError
from everfit.ledger.entries import BatchAccepted, BatchRecalled, BytesDeleted, PointersPublished, RowsErased
from everfit.values import Batch, Change

if TYPE_CHECKING:
    from everfit.ledger import Ledger, View
    from everfit.ports import Ports

# What DVC writes beside its configuration, so that nobody commits a key or a cache.
IGNORED_BY_DVC = "/config.local\n/tmp\n/cache\n"
# The pulled folders lie beside their pointers.
IGNORED_BESIDE_POINTERS = "/*\n!/.gitignore\n!/*.dvc\n"


@dataclass(frozen=True)
class Published:
    """What is in git now: the revision, and for each model how far its ledger is in there."""

    revision: str
    upto: Mapping[str, int]


def publish_pointers(ports: Ports) -> Published:
    """Make the git repository hold `<model>/<partition>.dvc` for the newest good version of every partition.

    Nothing is committed where nothing is new. What is recalled, erased or deleted goes; it stays in the history, as do
    older versions. Whatever else people keep in the repository is left alone. Safe to call at any time, by any number
    of processes at once, and after a crash at any point: the commit follows from the ledgers alone, so that doing it
    again does nothing. Each ledger gets a receipt. Errors: `LedgerError` if there is no repository, `Unreachable`.
    """
    if ports.pointers is None:
        raise LedgerError("there is no git repository for pointers; add the connection everfit_pointers")
    seen: dict[str, View] = {}

    def change(there: Mapping[str, bytes]) -> Change | None:
        # The ledgers are read after the repository: what somebody else pushed from them is never taken back.
        seen.update({model: ledger.view() for model, ledger in all_ledgers(ports).items()})
        return change_of(seen, tree_of(seen, ports.data.config()), there)

    revision = ports.pointers.publish(change)
    upto = {model: newest for model, view in seen.items() if (newest := _newest(view))}
    for model, newest in upto.items():
        ports.ledger(model).append(f"pointers:{newest}", PointersPublished(revision, newest))
    return Published(revision, upto)


def all_ledgers(ports: Ports) -> Mapping[str, Ledger]:
    """The ledgers of all models that the store has one of, whether or not their specs are still there."""
    return {model: ports.ledger(model) for model in sorted({key.split("/")[1] for key in ports.store.list("ledger")})}


def tree_of(views: Mapping[str, View], config: str) -> Mapping[str, bytes]:
    """Every file of the repository that is ours, by path: nothing in it but what the ledgers say."""
    files = {".dvc/config": config, ".dvc/.gitignore": IGNORED_BY_DVC}
    for model, view in views.items():
        if view.batches:
            files[f"{model}/.gitignore"] = IGNORED_BESIDE_POINTERS
        files |= {_path(model, batch): batch.pointer for _, batch in view.batches}
    return {path: text.encode() for path, text in files.items()}


def change_of(views: Mapping[str, View], wanted: Mapping[str, bytes], there: Mapping[str, bytes]) -> Change | None:
    """The commit that leads from what is `there` to what is `wanted`; None if there is nothing to commit."""
    ours = {path for path in there if path.endswith(".dvc") and path.split("/")[0] in views and path.count("/") == 1}
    files: dict[str, bytes | None] = {path: data for path, data in wanted.items() if there.get(path) != data}
    files |= dict.fromkeys(ours - wanted.keys())
    dates = [entry.at for view in views.values() for entry in view.entries if _concerns_pointers(entry.body)]
    return Change(files, _message(views, files), max(dates)) if files and dates else None


def _message(views: Mapping[str, View], files: Mapping[str, bytes | None]) -> str:
    lines = []
    for model, view in views.items():
        kept = [batch.label for _, batch in view.batches if files.get(_path(model, batch)) is not None]
        gone = [path.removesuffix(".dvc").partition("/")[2] for path in sorted(files)
                if files[path] is None and path.startswith(f"{model}/")]  # fmt: skip
        said = [f"{word} {', '.join(names)}" for word, names in (("add", kept), ("remove", gone)) if names]
        if said:
            lines.append(f"{model}: {'; '.join(said)}")
    if not lines:
        return "Say where the DVC remote is\n"
    title = lines[0] if len(lines) == 1 else f"Batches of {', '.join(line.partition(':')[0] for line in lines)}"
    return "\n".join([title, *(["", *lines] if len(lines) > 1 else [])]) + "\n"


def _path(model: str, batch: Batch) -> str:
    return f"{model}/{batch.partition}.dvc"


def _concerns_pointers(body: object) -> bool:
    return isinstance(body, BatchAccepted | BatchRecalled | RowsErased | BytesDeleted)


def _newest(view: View) -> int:
    return max((entry.seq for entry in view.entries if _concerns_pointers(entry.body)), default=0)
