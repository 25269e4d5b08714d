"""Erase rows of a person: from every batch that has them, and from everything that was made of those.

    BatchAccepted   per batch in use: the next version of its partition, without the rows
    (plan)          what is to be deleted, by key, in the store: whoever comes after a crash needs no personal keys
    RowsErased      decision: the old versions must not be used any more
    (delete)        their bytes, copies of deliveries, withheld rows, tables, scores and pages made of them
    (withdraw)      what follows for the versions that learnt from the rows
    BytesDeleted    receipt

A crash may come between any two. The next call of `erase`, for whatever rows, first ends what an earlier one began.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import UnknownName
from everfit.ledger.entries import BatchAccepted, BytesDeleted, RowsErased
from everfit.predictions import loads_in, pack
from everfit.predictions import without as without_rows
from everfit.steps.erasure_search import Found, Sought, files_of, gone, search
from everfit.steps.staging import scratch
from everfit.steps.withdraw import Withdrawal, withdraw
from everfit.validation.erasing import Wanted, count, without
from everfit.validation.formats import Part
from everfit.values import Batch, FileHash, batch_sha256, canonical, digest, dump, load

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec


@dataclass(frozen=True, repr=False)
class ErasureOrder:
    """Somebody's word that the rows of `table` whose `column` has one of `keys` must go, and why.

    The keys are personal data: they are held in memory only, and have no place in a log. What is written down is their
    SHA-256 after `salt`, a random text.
    """

    table: str
    column: str
    keys: tuple[str, ...]
    reason: str
    by: str
    salt: str

    @property
    def wanted(self) -> Wanted:
        """The rows that are meant."""
        return Wanted.of(self.column, self.keys)


@dataclass(frozen=True)
class Plan:
    """What is to be deleted after the decision: the batches of these entries, and these keys of the store."""

    batches: tuple[int, ...]
    delete: tuple[str, ...]


def erase(ports: Ports, spec: ModelSpec, order: ErasureOrder, progress: Progress) -> tuple[Withdrawal, ...]:
    """Erase the rows wherever they are; returns what came of it, one for each decision, and none if there were none.

    It ends with a search that finds nothing more. Errors: `UnknownName` for a table that the spec does not have,
    `Corrupted` if bytes that must be searched are damaged, and those of `withdraw`.
    """
    sought = sought_in(spec, order)
    done = [finish(ports, spec, entry, progress) for entry in _unfinished(ports.ledger(spec.name).view())]
    while found := search(ports, spec, sought, progress):
        if found.batches:
            done.append(finish(ports, spec, _decide(ports, spec, order, sought, found), progress))
        else:
            _delete_in_store(ports, found.delete)
            _rewrite(ports, sought, found)
    return tuple(done)


def sought_in(spec: ModelSpec, order: ErasureOrder) -> Sought:
    """The rows that an order means, in a table that there is."""
    if order.table not in spec.data.tables:
        raise UnknownName(f"table of {spec.name}", order.table, spec.data.tables)
    return Sought(order.table, order.wanted)


def finish(ports: Ports, spec: ModelSpec, entry: Entry, progress: Progress) -> Withdrawal:
    """Delete what the decision in `entry` planned to delete, do what follows, and leave the receipt."""
    ledger, view = ports.ledger(spec.name), ports.ledger(spec.name).view()
    plan = load(Plan, json.loads(ports.store.read(_plan_key(spec, entry.key))))
    batches, keep = [_accepted(view, seq) for seq in plan.batches], _kept(ports, spec)
    for batch in batches:
        progress(f"deleting the bytes of batch {batch.label}")
        ports.data.delete(batch, keep)
    _delete_in_store(ports, plan.delete)
    progress("freezing the models that learnt from the rows")
    done = withdraw(ports, spec, entry)
    files = [file for batch in batches for file in batch.files]
    names = tuple(f"{batch.label} {batch.sha256}" for batch in batches)
    size = sum(file.size for file in files)
    ledger.append(f"deleted:{entry.seq}", BytesDeleted(names, len(files) + len(plan.delete), size))
    return done


def shared_with(ports: Ports, spec: ModelSpec, batches: Iterable[Batch]) -> dict[str, tuple[str, ...]]:
    """The other models whose batches have files with the same bytes, with the labels: erase there too."""
    files = {file.sha256 for batch in batches for file in batch.files}
    found: dict[str, tuple[str, ...]] = {}
    for model in _models(ports, spec):
        view = ports.ledger(model).view()
        lost = gone(view)
        there = [e.body.batch for e in view.of(BatchAccepted) if e.seq not in lost]
        if labels := tuple(b.label for b in there if any(file.sha256 in files for file in b.files)):
            found[model] = labels
    return found


def _decide(ports: Ports, spec: ModelSpec, order: ErasureOrder, sought: Sought, found: Found) -> Entry:
    """Accept the next versions, write the plan, and decide."""
    _rewrite(ports, sought, found)
    ledger = ports.ledger(spec.name)
    current = {batch.partition: seq for seq, batch in ledger.view().batches}
    for entry, _ in found.batches:
        if current.get(entry.body.batch.partition) == entry.seq:
            _next_version(ports, spec, sought, entry)
    batches = tuple(entry.seq for entry, _ in found.batches)
    plan = Plan(batches, found.delete)
    key = f"rows_erased:{digest([batches, sought.table, sought.wanted.column])[:16]}"
    ports.store.write(_plan_key(spec, key), canonical(dump(plan)))

    def decide(view: View) -> RowsErased:
        now = {batch.partition: seq for seq, batch in view.batches if seq not in batches}
        partitions = [_accepted(view, seq).partition for seq in batches]
        return RowsErased(
            table=sought.table,
            column=sought.wanted.column,
            salt=order.salt,
            keys=tuple(sorted(hashed(order.salt, key) for key in sought.wanted.keys)),
            rows=found.rows,
            batches=batches,
            replaced_by=tuple(now.get(partition, 0) for partition in partitions),
            versions=tuple(sorted(view.knowing(batches))),
            reason=order.reason,
            by=order.by,
        )

    return ledger.decide(key, decide)


def hashed(salt: str, key: str) -> str:
    """How a key is written down.

    >>> hashed("salt", "N14228")[:12]
    '16a992888cea'
    """
    return hashlib.sha256(f"{salt}:{key}".encode()).hexdigest()


def _next_version(ports: Ports, spec: ModelSpec, sought: Sought, entry: Entry[BatchAccepted]) -> None:
    """Accept the batch without the rows; nothing if no row of the main table would be left."""
    batch = entry.body.batch
    source, named = ports.data.fetch(batch), files_of(spec, sought, batch)
    with scratch(ports) as folder:
        lost, left = 0, 0
        for file in batch.files:
            part = Part(file.name, source / file.name)
            if file.name not in named:
                shutil.copyfile(part.path, folder / file.name)
                continue
            lost += count(part, sought.wanted)
            left += without(part, sought.wanted, folder / file.name)
        is_main = sought.table == spec.main_table
        if is_main and not left:
            return
        files = tuple(FileHash.of(folder / file.name) for file in batch.files)
        sha256 = batch_sha256(files)
        pointer = ports.data.commit(folder, f"{spec.name}-{batch.partition}")
    key = f"erased:{batch.partition}:{entry.seq}:{sha256}"
    rows = batch.rows - lost if is_main else batch.rows

    def accept(view: View) -> BatchAccepted:
        earlier = sum(e.body.batch.partition == batch.partition for e in view.of(BatchAccepted))
        cleaned = Batch(batch.partition, earlier + 1, sha256, rows, files, pointer)
        return BatchAccepted(cleaned, f"erased-{entry.seq}-{sha256[:16]}", "")

    ports.ledger(spec.name).decide(key, accept)


def _rewrite(ports: Ports, sought: Sought, found: Found) -> None:
    """Predictions without the questions about such rows: the new segment first, under a name of its own."""
    for key in found.rewrite:
        data = ports.store.read(key)
        left, _ = without_rows(data, sought.wanted.in_row)
        ports.store.create(*pack(left, loads_in(data)))
        ports.store.delete(key)


def _delete_in_store(ports: Ports, keys: Iterable[str]) -> None:
    for key in keys:
        ports.store.delete(key)


def _unfinished(view: View) -> list[Entry]:
    """Decisions whose bytes have not all been deleted yet, as far as anybody knows."""
    return [entry for entry in view.of(RowsErased) if view.claimed(f"deleted:{entry.seq}") is None]


def _kept(ports: Ports, spec: ModelSpec) -> list[Batch]:
    """Every batch that still has its bytes, of every model in the store: objects are shared by content."""
    kept = []
    for model in (spec.name, *_models(ports, spec)):
        view = ports.ledger(model).view()
        lost = gone(view)
        kept += [entry.body.batch for entry in view.of(BatchAccepted) if entry.seq not in lost]
    return kept


def _models(ports: Ports, spec: ModelSpec) -> list[str]:
    """The other models that have a ledger in the store."""
    return sorted({key.split("/")[1] for key in ports.store.list("ledger")} - {spec.name})


def _accepted(view: View, seq: int) -> Batch:
    body = view.entries[seq - 1].body
    if not isinstance(body, BatchAccepted):
        raise UnknownName("accepted batch in entry", str(seq), (str(entry.seq) for entry in view.of(BatchAccepted)))
    return body.batch


def _plan_key(spec: ModelSpec, key: str) -> str:
    return f"erasures/{spec.name}/{key.partition(':')[2]}.json"
