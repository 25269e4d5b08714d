"""The accepted batches after those that a version was made of, as it scores them: for where nobody asks it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from everfit.steps.labels import labels, times
from everfit.steps.monitored_rows import answered_rows, label_numbers
from everfit.steps.rows import batch_rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.ledger import View
    from everfit.monitors import Rows
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.values import Batch

    Array = NDArray[np.float64]


def later_batches(view: View, version: int) -> tuple[Batch, ...]:
    """The batches that are newer than all that the version was made of and judged on, oldest first."""
    newest = max(batch.partition for run in view.line(version) for batch in run.batches)
    return tuple(batch for _, batch in view.batches if batch.partition > newest)


def batches_rows(
    ports: Ports, spec: ModelSpec, predictor: Predictor, version: int, batches: tuple[Batch, ...], days: float
) -> tuple[Rows, pd.DataFrame] | None:
    """The rows of the last `days` of these batches, with the version's scores, and the same rows raw.

    A batch is scored once for each version; the scores are kept. None where there is no row.
    """
    import numpy as np
    import pandas as pd

    found = list(_newest(ports, spec, predictor, version, batches, days))
    if not found:
        return None
    raw = pd.concat([one for one, _, _ in found], ignore_index=True)
    at, scores = (np.concatenate([one[place] for one in found]) for place in (1, 2))
    chosen = np.flatnonzero(at >= at.max() - days * 86400)
    chosen = chosen[np.argsort(at[chosen], kind="stable")]
    raw, scores, at = raw.iloc[chosen].reset_index(drop=True), scores[chosen], at[chosen]
    y = label_numbers(spec.task, labels(spec, raw).tolist(), predictor.card.scores)
    heard = np.where(np.isfinite(y), at, np.nan)
    return answered_rows(spec, predictor.card, predictor.card.inputs.read(raw), at, scores, y, heard), raw


def _newest(
    ports: Ports, spec: ModelSpec, predictor: Predictor, version: int, batches: tuple[Batch, ...], days: float
) -> Iterator[tuple[pd.DataFrame, Array, Array]]:
    """The newest batches, until they reach back far enough: raw rows, when each happened, and its scores."""
    end = None
    for batch in reversed(batches):
        raw = batch_rows(ports, spec, predictor.code, batch)
        if not len(raw):
            continue
        at = seconds_of(spec, raw)
        end = at.max() if end is None else max(end, at.max())
        yield raw, at, _scores(ports, spec, predictor, version, batch, raw)
        if at.min() < end - days * 86400:
            return


def _scores(
    ports: Ports, spec: ModelSpec, predictor: Predictor, version: int, batch: Batch, raw: pd.DataFrame
) -> Array:
    import numpy as np

    key = f"monitor/{spec.name}/{version}/scores/{batch.sha256}.npy"
    if not ports.store.exists(key):
        buffer = io.BytesIO()
        np.save(buffer, predictor.predict(raw), allow_pickle=False)
        ports.store.write(key, buffer.getvalue())
    found: Array = np.load(io.BytesIO(ports.store.read(key)), allow_pickle=False)
    return found


def seconds_of(spec: ModelSpec, raw: pd.DataFrame) -> Array:
    """When each row happened, in seconds since 1970."""
    import numpy as np

    return np.asarray(times(spec, raw).astype("int64").to_numpy() / 1e6, dtype=np.float64)
