"""The recorded baseline: which expectations batches are held against, and since which decision."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from everfit.errors import SpecError
from everfit.ledger.entries import BaselineChanged
from everfit.validation.custom import FILE
from everfit.values import Check, digest

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec

_SHOWN = 12


def suites(spec: ModelSpec) -> dict[str, str]:
    """The SHA-256 of each table's suite file, and of the custom.py beside it; `SpecError` for one that is not there."""
    paths = {table: spec.suite_path(table) for table in spec.data.tables}
    for folder in dict.fromkeys(path.parent for path in paths.values()):
        if (folder / FILE).is_file():
            paths[(folder / FILE).relative_to(spec.folder).as_posix()] = folder / FILE
    try:
        return {name: sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}
    except OSError as error:
        raise SpecError(f"{error.filename}: cannot read the expectations: {error.strerror}") from error


def recorded(view: View) -> Entry[BaselineChanged] | None:
    """The newest decision about the baseline, if there ever was one."""
    decisions = view.of(BaselineChanged)
    return decisions[-1] if decisions else None


def record(ports: Ports, spec: ModelSpec, *, note: str, by: str, learnt_from: Sequence[str] = ()) -> Entry:
    """Decide that the suites as they are now are the baseline; if they are it already, that decision is returned."""
    files = suites(spec)
    ledger = ports.ledger(spec.name)
    before = recorded(ledger.view())
    if before and before.body.suites == files:
        return before
    key = f"baseline:{digest(files)[:16]}:{before.seq if before else 0}"
    return ledger.append(key, BaselineChanged(files, tuple(learnt_from), note, by))


def baseline_checks(view: View, spec: ModelSpec) -> tuple[Check, ...]:
    """For the report: the baseline that a batch is held against, and whether the files are still those recorded.

    Nothing if no baseline was ever recorded. A difference is no reason to refuse a batch: the files are what counts.
    """
    entry = recorded(view)
    files = suites(spec)
    if entry is None:
        return ()
    wanted = f"the expectations of entry {entry.seq} ({digest(entry.body.suites)[:_SHOWN]})"
    other = sorted(name for name in files.keys() | entry.body.suites.keys() if _differs(name, files, entry.body))
    if not other:
        return (Check("expectations", None, wanted, "the same files", True, "info"),)
    found = (
        f"other files for {', '.join(other)} ({digest(files)[:_SHOWN]}); if that is meant: "
        f"everfit expectations accept {spec.name} --note WHY"
    )
    return (Check("expectations", None, wanted, found, False, "info"),)


def _differs(name: str, files: dict[str, str], body: BaselineChanged) -> bool:
    return files.get(name) != body.suites.get(name)
