"""Where rows of a person are, or what was made from them: every place of a model in the store.

batches            every accepted version whose bytes are still there
staged, quarantine the copies of deliveries, whatever became of them, without withheld rows, and those rows
predictions        what was asked of the model, and when
features, evidence everything made from the batches: tables, scores, samples
scores             predictions for whole batches that have such rows
profiles           what rules keep of a batch: among them hashes of keys
monitor            what monitors keep of batches and of versions, and numbers of looks that name a key
reports, data docs the pages of deliveries with such rows, and what they are made of
runs               what validation told the next task about such a delivery

Pages and profiles are found through copies and batches, so they are deleted before those.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from everfit.errors import DataError, UnknownName
from everfit.ledger.entries import BatchAccepted, BatchQuarantined, Monitored, RowsErased
from everfit.predictions import segments, without
from everfit.steps.erasure_traces import names, traces
from everfit.validation.erasing import Wanted, columns, count
from everfit.validation.formats import ENDINGS, Part
from everfit.values import canonical, dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from everfit.ledger import Entry, View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.values import Batch


@dataclass(frozen=True)
class Sought:
    """Which rows: of one table of the model's batches, by the value of a column."""

    table: str
    wanted: Wanted


@dataclass(frozen=True)
class Found:
    """Where the rows are: accepted batches with how many they have, and keys of files in the store.

    `delete` is in the order of deletion; `rewrite` are predictions whose other rows stay. `unreadable` could not be
    searched, and `told` are entries of the ledger whose text names a key: both are left to a person, since what cannot
    be read cannot be proved clean, and the ledger cannot be changed.
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
    copies, unreadable = _copies(ports, spec, sought)
    rewrite, more = _predictions(ports, spec, sought.wanted)
    delete = traces(ports, spec.name, view, [entry for entry, _ in batches], gone(view), copies, sought.wanted)
    told = tuple(entry.seq for entry in view.entries if any(names(text, sought.wanted) for text in _quoted(entry)))
    return Found(batches, (*delete, *copies), tuple(rewrite), tuple(sorted({*unreadable, *more})), told)


def _quoted(entry: Entry) -> Iterator[str]:
    """What an entry says in words that may quote values: why data were refused, and where a model got worse."""
    match entry.body:
        case BatchQuarantined(reasons=reasons):
            yield from reasons
        case Monitored(signals=signals, why=why):
            yield canonical({"signals": dump(signals), "why": why}).decode()


def files_of(spec: ModelSpec, sought: Sought, batch: Batch) -> tuple[str, ...]:
    """The files of the batch that may have the rows."""
    return spec.data.parts(file.name for file in batch.files)[sought.table]


def gone(view: View) -> frozenset[int]:
    """The entries whose batches have lost their bytes: erased, or deleted by retention."""
    erased = {seq for entry in view.of(RowsErased) for seq in entry.body.batches}
    accepted = view.of(BatchAccepted)
    there = {e.body.batch.sha256 for e in accepted if e.seq not in view.deleted}  # deleted bytes may have come again
    return frozenset(erased | {entry.seq for entry in accepted if entry.body.batch.sha256 not in there})


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
    files = files_of(spec, sought, there[-1])
    known = {column for name in files for column in columns(Part(name, folder / name))}
    if sought.wanted.column not in known:
        raise UnknownName(f"column of {sought.table}", sought.wanted.column, known)


def rows_in(ports: Ports, spec: ModelSpec, batch: Batch, sought: Sought) -> int:
    """How many such rows a batch has."""
    folder = ports.data.fetch(batch)
    return sum(count(Part(name, folder / name), sought.wanted) for name in files_of(spec, sought, batch))


def _copies(ports: Ports, spec: ModelSpec, sought: Sought) -> tuple[list[str], list[str]]:
    """The copies of deliveries and withheld rows that have such rows, and those that cannot be read."""
    folders = (f"quarantine/{spec.name}", f"staged/{spec.name}")
    hit, unreadable = [], []
    for key in (key for folder in folders for key in ports.store.list(folder) if _may_have(spec, sought.table, key)):
        data = ports.store.read(key)
        with TemporaryDirectory(dir=ports.work, prefix="erase-") as folder:
            part = Part(PurePosixPath(key).name, Path(folder, "copy"))
            part.path.write_bytes(data)
            try:
                if data and count(part, sought.wanted):
                    hit.append(key)
            except DataError:
                unreadable.append(key)
    return hit, unreadable


def _may_have(spec: ModelSpec, table: str, key: str) -> bool:
    """Whether a copy is a file of the table, or has the rows that were withheld from it."""
    path = PurePosixPath(key)
    if path.parent.name == "withheld" and path.stem == table:
        return True
    return path.name.endswith(ENDINGS) and path.name in spec.data.parts([path.name])[table]


def _predictions(ports: Ports, spec: ModelSpec, wanted: Wanted) -> tuple[list[str], list[str]]:
    """The segments of the log with questions about such rows, and those that cannot be read."""
    hit, unreadable = [], []
    for segment in segments(ports.store, spec.name):
        data = ports.store.read(segment.key)
        try:
            if without(data, wanted.in_row)[1]:
                hit.append(segment.key)
        except (OSError, EOFError, ValueError, zlib.error):
            unreadable.append(segment.key)
    return hit, unreadable
