"""From the batches of a snapshot to its feature table, with nothing in it that was not known at the time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import Corrupted
from everfit.features import FeatureCode, Inputs, each_kind, load_code, pack, write_tables
from everfit.steps.apart import check_apart, gap_of
from everfit.steps.batches import BatchRows
from everfit.steps.engine import engine_of, to_send
from everfit.steps.feature_parts import assemble, parts_of
from everfit.steps.feature_rows import FeatureRows, learn_from
from everfit.steps.feature_table import FORMAT, GROUP, LABEL, OBSERVED, TableFile
from everfit.steps.labels import check_columns
from everfit.steps.learnable import check_learnable
from everfit.steps.point_in_time import history_before, stack
from everfit.values import Batch, Features, Snapshot, canonical, digest, dump, load

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
    engine = engine_of(ports, spec)
    raw = [BatchRows(to_send(ports), spec, code, batch) for batch in snapshot.batches]
    samples = list(engine.map(_look, raw))
    inputs = Inputs.learn(stack([one.kinds for one in samples]), code.inputs)
    batches = [batch.with_inputs(inputs) for batch in raw]
    check_apart(spec, code, snapshot, batches, engine)
    if code.sums_up:
        batches = [one.with_facts(facts) for one, facts in zip(batches, engine.map(_facts, batches), strict=True)]
    parts = parts_of(ports, batches, gap_of(snapshot), f"{key}.parts")
    about, rows = assemble(snapshot, parts, inputs, inputs.read(samples[0].first), ports.store)
    with tempfile.TemporaryDirectory(dir=ports.work) as scratch:
        files = Path(scratch)
        about.write_rows(files / "table.parquet", rows)
        table = TableFile.open(files / "table.parquet")
        _check(spec, snapshot, table)
        _write_history(files, next(engine.map(_whole_history, [batches])))
        features = Features(
            snapshot=snapshot.id,
            table=ports.store.put_file(f"{key}.parquet", files / "table.parquet"),
            history=ports.store.put_file(f"{key}.history.tar", files / "history.tar"),
            code=code.sha256,
            columns=table.features,
            training_rows=table.rows(_names(snapshot.training)),
            holdout_rows=table.rows(_names(snapshot.held_out)),
            unlabeled_rows=sum(part.unlabeled for part in parts),
            classes=table.classes,
        )
    ports.store.write(f"{key}.json", canonical(dump(features)))
    for made in ports.store.list(f"{key}.parts"):
        ports.store.delete(made)
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


def _check(spec: ModelSpec, snapshot: Snapshot, table: TableFile) -> None:
    """Whether there is something to learn, and whether each row can be put into the matrix."""
    told = [name for name in table.told if name in {LABEL, GROUP, OBSERVED}]
    training, held_out = _names(snapshot.training), _names(snapshot.held_out)
    check_learnable(spec, table.of(training, told), table.of(held_out, told))
    for _ in FeatureRows(table, (*training, *held_out), learn_from(table, training)).pieces():
        pass


def _names(batches: Sequence[Batch]) -> tuple[str, ...]:
    return tuple(batch.partition for batch in batches)


def _write_history(folder: Path, history: Mapping[str, pd.DataFrame]) -> None:
    write_tables(history, folder / "history")
    pack(folder / "history", folder / "history.tar")


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
