"""From the batches of a snapshot to its feature table, with nothing in it that was not known at the time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import everfit
from everfit.errors import Corrupted, DataError, NotEnoughData, SpecError, did_you_mean
from everfit.features import Columns, FeatureCode, Inputs, load_code, pack, write_tables
from everfit.steps.feature_table import BATCH, LABEL, TIME, FeatureTable
from everfit.steps.rows import batch_rows
from everfit.values import Features, Snapshot, canonical, digest, dump, load

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ports import Ports
    from everfit.spec import ModelSpec

FEWEST_ROWS = 30
EXAMPLES = 3
SAMPLED = 16


def build_features(ports: Ports, spec: ModelSpec, snapshot: Snapshot) -> Features:
    """Build the feature table of a snapshot, or find the one that was built before from the same data and code.

    Rows of a batch get the history of the batches before it in the snapshot, and nothing of their own batch; the
    history that goes with the model, for serving, is that of all batches. Rows without a label are counted and left
    out. Errors: `SpecError` for feature code that breaks its contract, `DataError` and `NotEnoughData` for a label that
    cannot be learnt: all of them before training costs anything.
    """
    code = load_code(spec.code_path)
    key = f"features/{spec.name}/{_id(spec, snapshot, code)}"
    made_before = _find(ports, f"{key}.json")
    if made_before:
        return made_before
    rows = [batch_rows(ports, spec, code, batch) for batch in snapshot.batches]
    _check_columns(spec, code, rows)
    inputs = Inputs.learn(_stack([frame[list(code.inputs)] for frame in rows]), code.inputs)
    rows = [frame.assign(**inputs.read(frame)) for frame in rows]
    parts = point_in_time(code, rows)
    whole = _stack(
        [_labelled(spec, part, frame, batch.partition) for part, frame, batch in zip(parts, rows, snapshot.batches)]
    )
    table = FeatureTable(whole[whole[LABEL].notna()].reset_index(drop=True), inputs, rows[0][list(code.inputs)][:EXAMPLES])
    training, held_out = (table.of(tuple(b.partition for b in part)) for part in (snapshot.training, snapshot.held_out))
    _check_learnable(spec, training, held_out)
    Columns.learn(training.features).encode(table.features)
    return _keep(ports, key, code, table, code.history(_stack(rows)), Features)


def point_in_time(code: FeatureCode, rows: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """The features of each batch's rows, given the history of the batches before it; `rows` is oldest first."""
    parts = []
    for place, frame in enumerate(rows):
        known = code.history(_stack(rows[:place]) if place else frame.iloc[:0])
        parts.append(code.features(frame, known))
        _check_row_by_row(code, frame, known, parts[-1])
    return parts
