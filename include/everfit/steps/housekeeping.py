"""Frees the space of what `retention` finds that nobody needs: first the decision in the ledger, then the effect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from everfit.ledger.entries import BatchAccepted, BytesDeleted
from everfit.predictions import segments
from everfit.steps.leftovers import FOLDERS
from everfit.steps.publish_pointers import all_ledgers
from everfit.steps.retention import Fate, Found, fates_of, what_to_keep
from everfit.steps.staging import Staged
from everfit.values import Batch, Features, load

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


def look(ports: Ports, specs: Mapping[str, ModelSpec]) -> tuple[Fate, ...]:
    """What would go and what stays, of every model that has a ledger; nothing is changed."""
    views = {model: ledger.view() for model, ledger in all_ledgers(ports).items()}
    return what_to_keep(views, specs, {model: _found(ports, model) for model in specs}, ports.clock())


def free(ports: Ports, spec: ModelSpec, run: str) -> Entry | None:
    """Delete what the model does not need any more; the entry that says what, or None where nothing was to go.

    The entry is written first, from the newest ledger: from then on no run can take the batches, and whoever asks for
    one is told. Then the bytes go. A crash in between is made up for by the next call, whatever its `run`; the same
    `run` again decides nothing new. Bytes that a batch of any model shares, or that a delivery which is being settled
    brings again, stay. Errors: `Unreachable`.
    """
    ledger = ports.ledger(spec.name)
    _finish(ports, ledger.view())
    found = _found(ports, spec.name)

    def decision(view: View) -> BytesDeleted:
        going = [fate for fate in fates_of(spec.name, view, spec, found, ports.clock()) if fate.goes]
        if not going:
            raise _NothingGoes
        batches = tuple(f"{fate.batch.label} {fate.batch.sha256}" for fate in going if fate.batch)
        return BytesDeleted(batches, sum(fate.files for fate in going), sum(fate.bytes or 0 for fate in going))

    try:
        entry = ledger.decide(f"housekeeping:{run}", decision)
    except _NothingGoes:
        return None
    view = ledger.view()
    _finish(ports, view)
    for fate in fates_of(spec.name, view, spec, found, ports.clock()):
        if fate.goes:
            for key in fate.keys:
                ports.store.delete(key)
    return entry


T = TypeVar("T")


class _NothingGoes(Exception):
    pass


def _finish(ports: Ports, view: View) -> None:
    """Make the newest decision to delete come true; older ones were finished before it was taken."""
    decided = view.of(BytesDeleted)
    if not decided:
        return
    last = decided[-1]
    going = {
        entry.body.batch.sha256: entry.body.batch
        for entry in view.of(BatchAccepted)
        if view.deleted.get(entry.seq) is last
    }
    keep = _kept(ports)
    for batch in going.values():
        ports.data.delete(batch, keep)


def _kept(ports: Ports) -> list[Batch]:
    """Every batch of every model whose bytes must stay, and the files of deliveries that may be on their way in."""
    kept: list[Batch] = []
    for model, ledger in all_ledgers(ports).items():
        view = ledger.view()
        kept += [entry.body.batch for entry in view.of(BatchAccepted) if entry.seq not in view.deleted]
        kept += _arriving(ports, model, view)
    return kept


def _arriving(ports: Ports, model: str, view: View) -> Iterator[Batch]:
    """Staged deliveries that the ledger has not settled, as batches that have no pointer yet."""
    settled = {f"staged/{model}/{partition}-{fingerprint}.json" for partition, fingerprint in view.settled}
    for key in ports.store.list(f"staged/{model}"):
        if key.count("/") == 2 and key.endswith(".json") and key not in settled:  # noqa: PLR2004 - staged/MODEL/NAME
            staged = _read(ports, Staged, key)
            if staged:
                yield Batch(key, 0, staged.sha256, 0, staged.files, "")


def _found(ports: Ports, model: str) -> Found:
    log = segments(ports.store, model)
    keys = [key for folder in FOLDERS for key in ports.store.list(f"{folder}/{model}")]
    keys += [segment.key for segment in log]
    lists = [key for key in keys if key.startswith(f"features/{model}/") and key.endswith(".json")]
    tables = {key.removesuffix(".json"): _read(ports, Features, key) for key in lists}
    return Found(tuple(keys), {name: table.snapshot for name, table in tables.items() if table}, tuple(log))


def _read(ports: Ports, kind: type[T], key: str) -> T | None:
    """A value in the store; None for one that is gone since, or is not what we write: nothing rests on that one."""
    try:
        return load(kind, json.loads(ports.store.read(key)))
    except (FileNotFoundError, ValueError):
        return None
