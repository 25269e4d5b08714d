"""From the batches of a snapshot to its feature table, with nothing in it that was not known at the time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import Corrupted
from everfit.features import Columns, FeatureCode, Inputs, each_kind, load_code, pack, write_tables
from everfit.steps.apart import check_apart, gap_of
from everfit.steps.batches import BatchRows
from everfit.steps.engine import engine_of, to_send
from everfit.steps.feature_table import BATCH, FORMAT, GROUP, LABEL, FeatureTable
from everfit.steps.labels import check_columns, classes_of, learnable_rows, truths
from everfit.steps.learnable import check_learnable
from everfit.steps.point_in_time import features_at, history_before, stack
from everfit.values import Features, Snapshot, canonical, digest, dump, load

if TYPE_CHECKING:
    import pandas as pd

    from everfit.engines import Engine
    from everfit.ports import Ports
    from everfit.spec import ModelSpec

EXAMPLES = 3


def build_features(ports: Ports, spec: ModelSpec, snapshot: Snapshot) -> Features:
    """Build the feature table of a snapshot, or find the one that was built before from the same data and code.

    Rows of a batch get the history of the batches before it in the snapshot, and nothing of their own batch; the
    history that goes with the model, for serving, is that of all batches. With a gap, held-out rows know only the
    batches before the gap, whose own rows are not in the table. Rows without a label are counted and left out. Errors:
    `SpecError` for feature code that breaks its contract, `DataError` and `NotEnoughData` for a label that cannot be
    learnt, and `DataError` for examples that are in training and holdout: all of them before training costs anything.
    """
    code = load_code(spec.code_path)
    key = f"features/{spec.name}/{_id(spec, snapshot, code)}"
    if found := _built_before(ports, key):
        return found
    engine = engine_of(ports, spec)
    raw = [BatchRows(to_send(ports), spec, code, batch) for batch in snapshot.batches]
    samples = list(engine.map(_look, raw))
    inputs = Inputs.learn(stack([one.kinds for one in samples]), code.inputs)
    batches = [batch.with_inputs(inputs) for batch in raw]
    check_apart(spec, code, snapshot, batches, engine)
    if code.sums_up:
        batches = [one.with_facts(facts) for one, facts in zip(batches, engine.map(_facts, batches), strict=True)]
    table, unlabeled = _table(snapshot, inputs, batches, samples[0].first, engine)
    training, held_out = (table.of(tuple(b.partition for b in part)) for part in (snapshot.training, snapshot.held_out))
    check_learnable(spec, training, held_out)
    Columns.learn(training.features).encode(table.features)
    with tempfile.TemporaryDirectory(dir=ports.work) as scratch:
        files = _write(Path(scratch), table, next(engine.map(_whole_history, [batches])))
        features = Features(
            snapshot=snapshot.id,
            table=ports.store.put_file(f"{key}.parquet", files / "table.parquet"),
            history=ports.store.put_file(f"{key}.history.tar", files / "history.tar"),
            code=code.sha256,
            columns=tuple(map(str, table.features.columns)),
            training_rows=len(training.frame),
            holdout_rows=len(held_out.frame),
            unlabeled_rows=unlabeled,
            classes=table.classes,
        )
    ports.store.write(f"{key}.json", canonical(dump(features)))
    return features


@dataclass(frozen=True, eq=False)
class _Looked:
    """A few rows of a batch: one of each `kind` of value that an input has, and the `first` ones."""

    kinds: pd.DataFrame
    first: pd.DataFrame


def _look(batch: BatchRows) -> _Looked:
    check_columns(batch.spec, batch.code, batch.frame)
    inputs = batch.frame[list(batch.code.inputs)]
    return _Looked(each_kind(inputs), inputs.head(EXAMPLES))


def _facts(batch: BatchRows) -> pd.DataFrame:
    return batch.facts


def _whole_history(batches: list[BatchRows]) -> Mapping[str, pd.DataFrame]:
    return history_before(batches[0].code, batches, len(batches))


def _table(
    snapshot: Snapshot, inputs: Inputs, batches: list[BatchRows], example: pd.DataFrame, engine: Engine
) -> tuple[FeatureTable, int]:
    """The labelled rows of all batches but those of the gap, and how many others there were."""
    gap = gap_of(snapshot)
    used = [place for place in range(len(batches)) if place not in gap]
    parts = list(engine.map(partial(_part, batches, gap), used))
    if batches[0].spec.group:
        parts = _counted_on(parts)
    table = FeatureTable(stack([part.kept for part in parts]), inputs, inputs.read(example))
    unlabeled = sum(part.unlabeled for part in parts)
    return (_with_classes(snapshot, table) if batches[0].spec.task == "multiclass" else table), unlabeled


@dataclass(frozen=True, eq=False)
class _Part:
    """The labelled rows of one batch, how many others there are, and how many groups."""

    kept: pd.DataFrame
    unlabeled: int
    groups: int


def _part(batches: list[BatchRows], gap: range, place: int) -> _Part:
    of = batches[place]
    truth = truths(of.spec, of.frame)
    whole = features_at(of.code, batches, place, gap).assign(**truth, **{BATCH: of.batch.partition})
    kept = whole.iloc[learnable_rows(of.spec, truth)]
    groups = int(truth[GROUP].to_numpy().max(initial=-1)) + 1 if of.spec.group else 0
    return _Part(kept, len(whole) - len(kept), groups)


def _counted_on(parts: list[_Part]) -> list[_Part]:
    """The groups of all batches with one number each."""
    before = accumulate((part.groups for part in parts), initial=0)
    return [
        replace(part, kept=part.kept.assign(**{GROUP: part.kept[GROUP] + start}))
        for part, start in zip(parts, before, strict=False)
    ]


def _with_classes(snapshot: Snapshot, table: FeatureTable) -> FeatureTable:
    """The names of the classes as their places: those that training knows, then those that only came later."""
    names = table.frame[LABEL]
    learnt = names[table.frame[BATCH].isin([batch.partition for batch in snapshot.training])]
    classes = classes_of(learnt)
    strangers = tuple(name for name in classes_of(names) if name not in classes)
    place = {name: float(at) for at, name in enumerate((*classes, *strangers))}
    return replace(
        table,
        frame=table.frame.assign(**{LABEL: names.map(place).astype("float64")}),
        classes=classes,
        strangers=strangers,
    )


def _write(folder: Path, table: FeatureTable, history: Mapping[str, pd.DataFrame]) -> Path:
    table.write(folder / "table.parquet")
    write_tables(history, folder / "history")
    pack(folder / "history", folder / "history.tar")
    return folder


def _built_before(ports: Ports, key: str) -> Features | None:
    """What an earlier call built, if all of it is still there and as it was; else it is built anew."""
    try:
        found = load(Features, json.loads(ports.store.read(f"{key}.json")))
        ports.store.local_file(found.table)
        ports.store.local_file(found.history)
    except (FileNotFoundError, Corrupted, ValueError):
        return None
    return found


def _id(spec: ModelSpec, snapshot: Snapshot, code: FeatureCode) -> str:
    """Equal data, code and libraries give an equal table, so it has one name."""
    import pandas as pd

    tables = {name: table.file for name, table in spec.data.tables.items()}
    what = [snapshot.id, code.sha256, spec.label, spec.time, spec.task, tables, FORMAT, pd.__version__]
    what += [list(spec.window.key)] if spec.window.key else []  # another key is another check of the split
    named = [spec.group, spec.observed, spec.train.weight]
    what += [named] if any(named) else []
    return digest(what)[:16]
