"""What each feature does to a version's answers, on rows that it was judged on and on rows that it met since."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from everfit.models import Explains
from everfit.monitors import Pulled, Rows
from everfit.statistics.days import days
from everfit.statistics.evenly import evenly
from everfit.steps.labels import times
from everfit.steps.leaning import held_out

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec

    Array = NDArray[np.float64]

ROWS = 500
"""So many rows of either side are explained."""


def pulled(
    ports: Ports, spec: ModelSpec, view: View, version: int, predictor: Predictor, window: Rows, raw: pd.DataFrame
) -> Pulled | None:
    """Shapley values of a sample of either side; None for an algorithm that does not say what made its answers.

    Those of the holdout are found once for each version, and kept. `raw` are the rows of the window.
    """
    import numpy as np

    if not isinstance(predictor.scorer, Explains):
        return None
    key = f"monitor/{spec.name}/{version}/pulled.npz"
    if not ports.store.exists(key):
        some = held_out(ports, spec, view, predictor, version, ROWS)
        hours = times(spec, some).dt.tz_localize(None).to_numpy(dtype="datetime64[h]").astype("int64")
        buffer = io.BytesIO()
        np.savez(buffer, did=_did(predictor, predictor.scorer, some), day=days(hours))
        ports.store.write(key, buffer.getvalue())
    kept = np.load(io.BytesIO(ports.store.read(key)), allow_pickle=False)
    places = evenly(len(raw), ROWS)
    now = _did(predictor, predictor.scorer, raw.iloc[places])
    return Pulled(predictor.card.columns.names, kept["did"], now, kept["day"], window.day[places])


def _did(predictor: Predictor, scorer: Explains, raw: pd.DataFrame) -> Array:
    """Rows by features; of several answers the mean of what a feature did to each, whatever the sign."""
    import numpy as np

    found = scorer.contributions(predictor.card.columns.encode(predictor.features(raw)))
    return found[:, 0] if found.shape[1] == 1 else np.asarray(np.abs(found).mean(axis=1))
