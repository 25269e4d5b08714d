"""Which bytes can go: all that no living version, no run and no rule of the spec's `keep` asks for.

Nothing of a ledger ever goes. A model whose spec has no `keep`, or whose spec is gone, keeps everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from everfit.ledger.entries import BatchAccepted, RowsErased
from everfit.steps.leftovers import leftovers
from everfit.steps.window import choose
from everfit.values import Batch

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.predictions import Segment
    from everfit.spec import ModelSpec
    from everfit.spec.retention import KeepSpec

LEASE = timedelta(days=7)
"""A training run may read its batches for so long after it began, whatever else is decided."""

FOREVER = "its model's spec has no `keep`"


@dataclass(frozen=True)
class Found:
    """What lies in the store of one model: the keys of its files, the snapshot of each feature table, predictions."""

    keys: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    log: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Fate:
    """What becomes of one thing, and why: a `batch` in the data store, or the files under `keys` in the store."""

    model: str
    what: str
    name: str
    goes: bool
    why: str
    batch: Batch | None = None
    keys: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """How many files it is."""
        return len(self.batch.files) if self.batch else len(self.keys)

    @property
    def bytes(self) -> int | None:
        """How much it is, where that is known without asking the store."""
        return sum(file.size for file in self.batch.files) if self.batch else None


def what_to_keep(
    views: Mapping[str, View], specs: Mapping[str, ModelSpec], found: Mapping[str, Found], now: datetime
) -> tuple[Fate, ...]:
    """The fate of every batch that still has bytes, and of every file beside them that a rule knows, by model."""
    fates: list[Fate] = []
    for model, view in sorted(views.items()):
        fates += fates_of(model, view, specs.get(model), found.get(model, Found()), now)
    return tuple(fates)


def fates_of(model: str, view: View, spec: ModelSpec | None, found: Found, now: datetime) -> Iterator[Fate]:
    """The fates of one model's things, the batches first."""
    yield from _batches(model, view, spec, now)
    if spec and spec.keep:
        yield from _files(model, view, spec.keep, found, now)


def _batches(model: str, view: View, spec: ModelSpec | None, now: datetime) -> Iterator[Fate]:
    reasons = _reasons(view, spec, spec.keep, now) if spec and spec.keep else None
    erased = {seq for entry in view.of(RowsErased) for seq in entry.body.batches}
    there: dict[tuple[str, str], Entry[BatchAccepted]] = {
        (entry.body.batch.partition, entry.body.batch.sha256): entry
        for entry in view.of(BatchAccepted)
        if entry.seq not in view.deleted and entry.seq not in erased
    }
    for key, entry in sorted(there.items(), key=lambda item: (item[0][0], item[1].seq)):
        batch = entry.body.batch
        why = FOREVER if reasons is None else reasons.get(key, "")
        if not why and spec and spec.keep and entry.at > now - timedelta(days=spec.keep.days):
            why = f"younger than {spec.keep.days:g} days"
        yield Fate(model, "batch", batch.label, not why, why or "no living version and no rule needs it", batch)


def _reasons(view: View, spec: ModelSpec, keep: KeepSpec, now: datetime) -> Mapping[tuple[str, str], str]:
    """Why each batch that is needed stays, by partition and SHA-256; the weightiest reason wins."""
    living = {"champion": view.champion, "previous champion": view.previous, "challenger": view.challenger}
    wanted = {version: f"{role} {version} was made from it" for role, version in living.items() if version is not None}
    for version in sorted(view.standing.waiting - view.touched):
        wanted.setdefault(version, f"version {version} waits to be deployed")
    for version in sorted(view.versions)[len(view.versions) - min(keep.versions, len(view.versions)) :]:
        wanted.setdefault(version, f"version {version}, among the newest {keep.versions}, was made from it")
    found: dict[tuple[str, str], str] = {}
    for version, why in wanted.items():
        for batch in view.trained_on(version).batches:
            found.setdefault((batch.partition, batch.sha256), why)
    for entry in view.triggers:
        if entry.at > now - LEASE:
            for batch in entry.body.batches:
                found.setdefault((batch.partition, batch.sha256), f"run {entry.body.run} may still read it")
    for _, batch in _next_window(view, spec):
        found.setdefault((batch.partition, batch.sha256), "the next run may use it")
    for _, batch in view.batches[len(view.batches) - min(keep.batches, len(view.batches)) :]:
        found.setdefault((batch.partition, batch.sha256), f"among the newest {keep.batches} partitions")
    return found


def _next_window(view: View, spec: ModelSpec) -> Sequence[tuple[int, Batch]]:
    """The batches from the oldest one on that the next training run would use if it began now."""
    chosen = choose(spec.window, view.batches)
    return [found for found in view.batches if not chosen or found[1].partition >= chosen[0][1].partition]


def _files(model: str, view: View, keep: KeepSpec, found: Found, now: datetime) -> Iterator[Fate]:
    """The fate of what else lies in the store, by the age of the entry that speaks of it."""
    days = f"{keep.days:g} days"
    for thing in leftovers(model, view, found.tables, found.log):
        keys = tuple(key for key in found.keys if key.startswith(thing.prefixes))
        if keys:
            why = thing.needed or (f"younger than {days}" if thing.at > now - timedelta(days=keep.days) else "")
            yield Fate(model, thing.what, thing.name, not why, why or f"older than {days}", None, keys)
