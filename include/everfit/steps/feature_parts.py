"""The labelled rows of each batch, made by an engine's machines, and the one table that they are together.

Of a part, the task knows a few rows and counts. The rows themselves are in the store if another machine made them, and
in the task's memory one part at a time.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from everfit.features import Inputs, Seen, each_kind, sum_up
from everfit.steps.engine import engine_of, to_send
from everfit.steps.feature_table import BATCH, GROUP, LABEL, FeatureTable
from everfit.steps.labels import classes_of, learnable_rows, truths
from everfit.steps.point_in_time import features_at, stack
from everfit.values import Snapshot, StoredFile

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ports import Ports, Store
    from everfit.steps.batches import BatchRows


class Rows(Protocol):
    """Rows that are somewhere."""

    def read(self, store: Store) -> pd.DataFrame:
        """All of them, here."""


@dataclass(frozen=True, eq=False)
class Part:
    """The labelled rows of one batch, and what is to be known of them without reading them.

    `kinds` are a few, with one of each kind of value that a column has. `names` are the classes among their labels,
    None if the task has no classes; `groups` is how many groups they are of. `unlabeled` rows were left out. `seen` is
    what the inputs of the others held.
    """

    partition: str
    rows: Rows
    kinds: pd.DataFrame
    names: pd.Series[str] | None
    groups: int
    unlabeled: int
    seen: Seen


def parts_of(ports: Ports, batches: Sequence[BatchRows], gap: range, folder: str) -> list[Part]:
    """The parts of all batches but those of the gap; what other machines make is kept below the store's `folder`."""
    spec, used = batches[0].spec, [place for place in range(len(batches)) if place not in gap]
    make: Callable[[int], Part] = partial(_part, list(batches), gap)
    if spec.engine != "local":
        make = partial(_kept, to_send(ports), folder, make)
    return list(engine_of(ports, spec).map(make, used))


def assemble(
    snapshot: Snapshot, parts: Sequence[Part], inputs: Inputs, example: pd.DataFrame, store: Store
) -> tuple[FeatureTable, Iterator[pd.DataFrame]]:
    """A table with the kinds of rows that all parts have, and all of their rows, a part at a time.

    A class becomes its place among the classes: those that training knows, then those that only came later. Groups are
    counted on from part to part.
    """
    classes, strangers = _classes(snapshot, parts)
    starts = [*accumulate((part.groups for part in parts), initial=0)][: len(parts)]
    finished = partial(_finished, (*classes, *strangers))
    kinds = [finished(part, part.kinds, start) for part, start in zip(parts, starts, strict=True)]
    rows = (finished(part, part.rows.read(store), start) for part, start in zip(parts, starts, strict=True))
    seen = {part.partition: part.seen for part in parts}
    return FeatureTable(stack(kinds), inputs, example, classes, strangers, seen), rows


def _part(batches: list[BatchRows], gap: range, place: int) -> Part:
    of = batches[place]
    truth = truths(of.spec, of.frame)
    whole = features_at(of.code, batches, place, gap).assign(**truth, **{BATCH: of.batch.partition})
    places = learnable_rows(of.spec, truth)
    kept = whole.iloc[places].reset_index(drop=True)
    names = kept[LABEL].drop_duplicates() if of.spec.task == "multiclass" else None
    groups = int(truth[GROUP].to_numpy().max(initial=-1)) + 1 if of.spec.group else 0
    seen = sum_up(of.inputs, of.frame[[*of.inputs.names]].iloc[places]) if of.inputs else Seen(())
    return Part(of.batch.partition, _Here(kept), each_kind(kept), names, groups, len(whole) - len(kept), seen)


def _kept(ports: Ports, folder: str, make: Callable[[int], Part], place: int) -> Part:
    """The part, with its rows in the store."""
    part = make(place)
    ports.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=ports.work) as scratch:
        path = Path(scratch, "rows")
        path.write_bytes(pickle.dumps(part.rows.read(ports.store), protocol=5))
        return replace(part, rows=_InStore(ports.store.put_file(f"{folder}/{place}", path)))


@dataclass(frozen=True, eq=False)
class _Here:
    frame: pd.DataFrame

    def read(self, store: Store) -> pd.DataFrame:  # noqa: ARG002 - they are at hand
        return self.frame


@dataclass(frozen=True)
class _InStore:
    file: StoredFile

    def read(self, store: Store) -> pd.DataFrame:
        with store.local_file(self.file).open("rb") as file:
            frame: pd.DataFrame = pickle.load(file)  # noqa: S301 - what our own code wrote, by its hash
        return frame


def _classes(snapshot: Snapshot, parts: Sequence[Part]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that training knows, and the others."""
    named = {part.partition: part.names for part in parts if part.names is not None}
    if not named:
        return (), ()
    learnt = classes_of(stack([named[batch.partition].to_frame() for batch in snapshot.training])[LABEL])
    every = classes_of(stack([names.to_frame() for names in named.values()])[LABEL])
    return learnt, tuple(name for name in every if name not in learnt)


def _finished(classes: Sequence[str], part: Part, rows: pd.DataFrame, start: int) -> pd.DataFrame:
    if part.names is not None:
        place = {name: float(at) for at, name in enumerate(classes)}
        rows = rows.assign(**{LABEL: rows[LABEL].map(place).astype("float64")})
    return rows.assign(**{GROUP: rows[GROUP] + start}) if part.groups else rows
