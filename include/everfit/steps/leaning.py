"""How much a version leans on each input: by how much its loss rises once the values of a column mean nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from everfit.statistics.evenly import evenly
from everfit.steps.labels import labels, learnable_rows, truths
from everfit.steps.monitored_rows import label_numbers, losses_of
from everfit.steps.rows import batch_rows
from everfit.values import canonical

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec

ROWS = 2_000


def leans(ports: Ports, spec: ModelSpec, view: View, predictor: Predictor, version: int) -> Mapping[str, float]:
    """For each input, the rise of the mean loss over the loss if the column is dealt anew among rows of the holdout.

    Where rows have no loss by themselves it is the mean change of the answers, over their spread. Found once for each
    version, and kept.

    Sources: Breiman, Machine Learning 45 (2001) 5-32; Fisher, Rudin and Dominici, J. Machine Learning Research 20
    (2019) no. 177 (model reliance).
    """
    key = f"monitor/{spec.name}/{version}/leans.json"
    if not ports.store.exists(key):
        some = held_out(ports, spec, view, predictor, version, ROWS)
        ports.store.write(key, canonical(_leans(spec, predictor, some)))
    found: Mapping[str, float] = json.loads(ports.store.read(key))
    return found


def held_out(ports: Ports, spec: ModelSpec, view: View, predictor: Predictor, version: int, most: int) -> pd.DataFrame:
    """Labelled rows of the newest batch that the version was judged on, raw and evenly drawn, at most so many."""
    import numpy as np

    raw = batch_rows(ports, spec, predictor.code, view.trained_on(version).batches[-1])
    places = np.sort(learnable_rows(spec, truths(spec, raw)))
    chosen: pd.DataFrame = raw.iloc[places[evenly(len(places), most)]]
    return chosen


def _leans(spec: ModelSpec, predictor: Predictor, some: pd.DataFrame) -> Mapping[str, float]:
    import numpy as np

    rows = predictor.card.inputs.read(some)
    y = label_numbers(spec.task, labels(spec, some).tolist(), predictor.card.scores)
    before, order = predictor.predict(rows), np.random.default_rng(0).permutation(len(rows))
    found = {}
    for name in rows.columns:
        dealt = rows.assign(**{name: rows[name].array[order]})
        found[str(name)] = _rise(spec, y, before, predictor.predict(dealt))
    return found


def _rise(spec: ModelSpec, y: NDArray[np.float64], before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    import numpy as np

    losses = losses_of(spec, y, before)
    if np.isfinite(losses).any():
        usual, worse = (float(np.nanmean(some)) for some in (losses, losses_of(spec, y, after)))
        return max(worse / max(usual, 1e-12) - 1, 0.0)
    return float(np.abs(after - before).mean()) / max(float(before.std()), 1e-12)
