"""Rows of the season that a window belongs to, of an earlier year: what the drift of inputs is held against then."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from everfit.steps.monitored_batches import seconds_of
from everfit.steps.monitored_rows import answered_rows
from everfit.steps.rows import batch_rows
from everfit.values import canonical

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.monitors import Rows
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.values import Batch


def season_rows(
    ports: Ports, spec: ModelSpec, view: View, predictor: Predictor, window: Rows, before: timedelta
) -> Rows | None:
    """Accepted rows of as long a time as the window's, so much earlier, without scores; None if there are none.

    When the rows of a batch happened is found once, and kept, so that only the batches of the season are read.
    """
    import numpy as np
    import pandas as pd

    begin, end = (float(at) - before.total_seconds() for at in (window.at.min(), window.at.max()))
    frames, times = [], []
    for _, batch in view.batches:
        first, last = _span(ports, spec, predictor, batch)
        if first <= end and last >= begin:
            raw = batch_rows(ports, spec, predictor.code, batch)
            at = seconds_of(spec, raw)
            chosen = (at >= begin) & (at <= end)
            frames.append(raw[chosen])
            times.append(at[chosen])
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    if rows.empty:
        return None
    nothing = np.full(len(rows), np.nan)
    scores = np.full((len(rows), len(predictor.card.scores)), np.nan) if predictor.card.scores else nothing
    inputs = predictor.card.inputs.read(rows)
    return answered_rows(spec, predictor.card, inputs, np.concatenate(times), scores, nothing, nothing)


def _span(ports: Ports, spec: ModelSpec, predictor: Predictor, batch: Batch) -> tuple[float, float]:
    key = f"monitor/{spec.name}/spans/{batch.sha256}.json"
    if not ports.store.exists(key):
        at = seconds_of(spec, batch_rows(ports, spec, predictor.code, batch))
        ports.store.write(key, canonical([float(at.min()), float(at.max())] if len(at) else [0.0, 0.0]))
    first, last = json.loads(ports.store.read(key))
    return first, last
