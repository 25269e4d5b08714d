"""From the batches of a snapshot to its feature table, with nothing in it that was not known at the time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import Corrupted
from everfit.features import Columns, FeatureCode, Inputs, load_code, pack, write_tables
from everfit.steps.apart import check_apart, gap_of
from everfit.steps.feature_table import BATCH, FORMAT, GROUP, LABEL, FeatureTable
from everfit.steps.labels import check_columns, classes_of, learnable_rows, truths
from everfit.steps.learnable import check_learnable
from everfit.steps.point_in_time import history_before, point_in_time, stack
from everfit.steps.rows import batch_rows
from everfit.values import Features, Snapshot, canonical, digest, dump, load

if TYPE_CHECKING:
    import pandas as pd

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
    rows = [batch_rows(ports, spec, code, batch) for batch in snapshot.batches]
    for frame in rows:
        check_columns(spec, code, frame)
    inputs = Inputs.learn(stack([frame[list(code.inputs)] for frame in rows]), code.inputs)
    rows = [inputs.put_into(frame) for frame in rows]
    check_apart(spec, code, snapshot, rows)
    table, unlabeled = _table(spec, snapshot, code, inputs, rows)
    training, held_out = (table.of(tuple(b.partition for b in part)) for part in (snapshot.training, snapshot.held_out))
    check_learnable(spec, training, held_out)
    Columns.learn(training.features).encode(table.features)
    with tempfile.TemporaryDirectory(dir=ports.work) as scratch:
        files = _write(Path(scratch), table, history_before(code, rows, len(rows)))
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


def _table(
    spec: ModelSpec, snapshot: Snapshot, code: FeatureCode, inputs: Inputs, rows: list[pd.DataFrame]
) -> tuple[FeatureTable, int]:
    """The labelled rows of all batches but those of the gap, and how many others there were."""
    gap = gap_of(snapshot)
    parts = point_in_time(code, rows, gap)
    used = [place for place in range(len(rows)) if place not in gap]
    kept, groups = [], 0
    for part, place in zip(parts, used, strict=True):
        truth = truths(spec, rows[place])
        whole = part.assign(**truth, **{BATCH: snapshot.batches[place].partition})
        kept.append(whole.iloc[learnable_rows(spec, truth)])
        if spec.group:
            kept[-1] = kept[-1].assign(**{GROUP: kept[-1][GROUP] + groups})
            groups += int(truth[GROUP].to_numpy().max(initial=-1)) + 1
    example = rows[0][list(code.inputs)].head(EXAMPLES)
    table = FeatureTable(stack(kept), inputs, example)
    unlabeled = sum(map(len, parts)) - sum(map(len, kept))
    return (_with_classes(snapshot, table) if spec.task == "multiclass" else table), unlabeled


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
