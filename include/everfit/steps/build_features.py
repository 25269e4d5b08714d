"""From the batches of a snapshot to its feature table, with nothing in it that was not known at the time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import Corrupted
from everfit.features import Columns, FeatureCode, Inputs, each_kind, load_code, pack, write_tables
from everfit.steps.apart import check_apart, gap_of
from everfit.steps.batches import BatchRows
from everfit.steps.engine import engine_of, to_send
from everfit.steps.feature_table import BATCH, FORMAT, LABEL, TIME, FeatureTable
from everfit.steps.labels import check_columns, check_learnable, labels, times
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
    check_learnable(spec, training.frame[LABEL], held_out.frame[LABEL])
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
    return FeatureTable(stack([kept for kept, _ in parts]), inputs, inputs.read(example)), sum(n for _, n in parts)


def _part(batches: list[BatchRows], gap: range, place: int) -> tuple[pd.DataFrame, int]:
    """The labelled rows of one batch, and how many others there are."""
    of = batches[place]
    part = features_at(of.code, batches, place, gap)
    part[LABEL], part[TIME], part[BATCH] = labels(of.spec, of.frame), times(of.spec, of.frame), of.batch.partition
    kept = part[part[LABEL].notna()]
    return kept, len(part) - len(kept)


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
    return digest(what)[:16]
