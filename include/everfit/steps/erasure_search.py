"""Where rows of a person are, or what was made from them: every place of a model in the store.

batches            every accepted version whose bytes are still there
withheld           the rows that were taken out of a delivery
staged, quarantine the copies of deliveries, whatever became of them
predictions        the log of what was asked of the model
features, evidence everything made from the batches: tables, scores, samples
reports            pages of deliveries that show one of the keys
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from everfit.errors import DataError, UnknownName
from everfit.ledger.entries import BatchAccepted, BatchQuarantined, BytesDeleted, RowsErased
from everfit.validation.erasing import ENDINGS, Wanted, columns, count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from everfit.ledger import Entry, View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.values import Batch


SHA256 = 64


@dataclass(frozen=True)
class Sought:
    """Which rows: of one table of the model's batches, by the value of a column."""

    table: str
    wanted: Wanted


@dataclass(frozen=True)
class Found:
    """Where the rows are: accepted batches with how many they have, and keys of files in the store.

    `rewrite` are files whose other rows stay. `unreadable` could not be searched, and `told` are entries of the ledger
    whose text names a key: both are left to a person, since what cannot be read cannot be proved clean, and the ledger
    cannot be changed.
    """

    batches: tuple[tuple[Entry[BatchAccepted], int], ...] = ()
    delete: tuple[str, ...] = ()
    rewrite: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    told: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.batches or self.delete or self.rewrite)

    @property
    def rows(self) -> int:
        """How many rows the accepted batches have, all versions together."""
        return sum(rows for _, rows in self.batches)


def search(ports: Ports, spec: ModelSpec, sought: Sought, progress: Progress) -> Found:
    """Look everywhere. Errors: `Corrupted` for an accepted batch that has lost its bytes without an entry for it."""
    view = ports.ledger(spec.name).view()
    batches = tuple(_batches(ports, spec, view, sought, progress))
    if not batches:
        _check_column(ports, spec, view, sought)
    progress("looking through staged, refused and withheld rows")
    copies, unreadable = _copies(ports, spec, view, sought)
    rewrite, more = _rows_in(ports, ports.store.list(f"predictions/{spec.name}"), sought.wanted)
    found = {entry.seq for entry, _ in batches}
    made = _made_from(ports, spec, view, found)
    pages = _pages(ports, spec, view, found, copies, sought.wanted)
    told = tuple(e.seq for e in view.of(BatchQuarantined) if any(_names(r, sought.wanted) for r in e.body.reasons))
    delete = tuple(sorted({*copies, *made, *pages}))
    return Found(batches, delete, tuple(rewrite), tuple(sorted({*unreadable, *more})), told)


def is_of(spec: ModelSpec, table: str, file: str) -> bool:
    """Whether a file of a delivery belongs to the table."""
    return fnmatch(PurePosixPath(file).name, spec.data.tables[table].file)


def gone(view: View) -> frozenset[int]:
    """The entries whose batches have lost their bytes: erased, or deleted by retention."""
    erased = {seq for entry in view.of(RowsErased) for seq in entry.body.batches}
    deleted = {text[-SHA256:]: entry.seq for entry in view.of(BytesDeleted) for text in entry.body.batches}
    newest = {entry.body.batch.sha256: entry.seq for entry in view.of(BatchAccepted)}  # bytes may have come again
    lost = {sha256 for sha256, seq in deleted.items() if newest.get(sha256, seq) < seq}
    return frozenset(erased | {entry.seq for entry in view.of(BatchAccepted) if entry.body.batch.sha256 in lost})


def _batches(
    ports: Ports, spec: ModelSpec, view: View, sought: Sought, progress: Progress
) -> Iterator[tuple[Entry[BatchAccepted], int]]:
    lost = gone(view)
    for entry in view.of(BatchAccepted):
        if entry.seq not in lost:
            progress(f"looking through batch {entry.body.batch.label}")
            if rows := rows_in(ports, spec, entry.body.batch, sought):
                yield entry, rows


def _check_column(ports: Ports, spec: ModelSpec, view: View, sought: Sought) -> None:
    """A column that the newest batch does not have is rather a slip of the pen than a column without such rows."""
    there = [batch for seq, batch in view.batches if seq not in gone(view)]
    if not there:
        return
    folder = ports.data.fetch(there[-1])
    known = {
        name for file in there[-1].files if is_of(spec, sought.table, file.name) for name in columns(folder / file.name)
    }
    if sought.wanted.column not in known:
        raise UnknownName(f"column of {sought.table}", sought.wanted.column, known)


def rows_in(ports: Ports, spec: ModelSpec, batch: Batch, sought: Sought) -> int:
    """How many such rows a batch has."""
    folder = ports.data.fetch(batch)
    files = [file.name for file in batch.files if is_of(spec, sought.table, file.name)]
    return sum(count(folder / name, sought.wanted) for name in files)


def _copies(ports: Ports, spec: ModelSpec, view: View, sought: Sought) -> tuple[list[str], list[str]]:
    """Copies of deliveries, and withheld rows."""
    folders = (f"staged/{spec.name}", f"quarantine/{spec.name}")
    keys = [key for folder in folders for key in ports.store.list(folder) if is_of(spec, sought.table, key)]
    withheld = (held for entry in view.of(BatchAccepted) for held in entry.body.withheld if held.table == sought.table)
    keys += [held.file.key for held in withheld if ports.store.exists(held.file.key)]
    return _rows_in(ports, keys, sought.wanted)


def _rows_in(ports: Ports, keys: list[str], wanted: Wanted) -> tuple[list[str], list[str]]:
    """The keys of the tables that have such rows, and of those that cannot be read."""
    hit, unreadable = [], []
    with TemporaryDirectory(dir=ports.work, prefix="erase-") as folder:
        for key in keys:
            if not key.endswith(ENDINGS):
                continue
            copy = Path(folder, PurePosixPath(key).name)
            copy.write_bytes(ports.store.read(key))
            try:
                if count(copy, wanted):
                    hit.append(key)
            except DataError:
                unreadable.append(key)
    return hit, unreadable


def _made_from(ports: Ports, spec: ModelSpec, view: View, batches: Collection[int]) -> list[str]:
    """What was made from these batches, and from those that earlier erasures replaced: tables, scores, samples.

    The pages that say how a candidate was judged show sums only, and stay.
    """
    bodies = [entry.body.batch for entry in view.of(BatchAccepted) if entry.seq in batches]
    bad = {(batch.partition, batch.sha256) for batch in bodies}
    runs = [e.body for e in view.triggers if any((b.partition, b.sha256) in bad for b in e.body.batches)]
    snapshots = {run.snapshot for run in runs}
    found = [
        made
        for key in ports.store.list(f"features/{spec.name}")
        if key.endswith(".json") and json.loads(ports.store.read(key)).get("snapshot") in snapshots
        for made in (key.removesuffix(".json") + ending for ending in (".parquet", ".history.tar", ".json"))
    ]
    found += [
        f"evidence/{spec.name}/{run.run}{ending}"
        for run in runs
        for ending in (".parquet", "-sample.json", "-evaluation.json")
    ]
    return [key for key in found if ports.store.exists(key)]


def _pages(
    ports: Ports, spec: ModelSpec, view: View, found: Collection[int], copies: list[str], wanted: Wanted
) -> list[str]:
    """Pages of deliveries with such rows that show a key: what was found wrong may be quoted there."""
    folders = {str(PurePosixPath(key).parent) for key in copies}
    shown: set[str] = set()
    for accepted in view.of(BatchAccepted):
        staged = f"staged/{spec.name}/{accepted.body.batch.partition}-{accepted.body.fingerprint}"
        if accepted.seq in found or staged in folders:
            shown |= {accepted.body.report, accepted.body.data_docs}
    for refused in view.of(BatchQuarantined):
        staged = f"staged/{spec.name}/{refused.body.partition}-{refused.body.fingerprint}"
        if folders & {staged, refused.body.quarantine}:
            shown.add(refused.body.report)
    pages = [key for key in sorted(shown - {""}) if ports.store.exists(key)]
    return [key for key in pages if _names(ports.store.read(key).decode(errors="replace"), wanted)]


def _names(text: str, wanted: Wanted) -> bool:
    """Whether the text has one of the keys as a word of its own."""
    return any(re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) for key in wanted.keys)
