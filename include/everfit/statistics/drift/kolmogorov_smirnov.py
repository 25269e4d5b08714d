"""Kolmogorov and Smirnov's distance, at the edges of bins."""

from __future__ import annotations

from math import inf, sqrt
from typing import TYPE_CHECKING, Any

from everfit.statistics.drift.drift import LEVEL, Drift

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.drift.pair import Pair

    Array = NDArray[np.float64]

MINIMUM = 0.08
"""That of a bell curve shifted by a fifth of its standard deviation: 2 Phi(.1) - 1."""


def kolmogorov_smirnov(pair: Pair, level: float = LEVEL, minimum: float = MINIMUM) -> Drift:
    """The largest difference of the two shares below any edge.

    Between the edges it may be larger, so the p-value errs to the safe side: it is that of values that were not binned,
    or the sum over edges of the p-value of each if that is less (with few edges it is, and it is all that is known for
    rows that go together by cluster).

    Sources: Smirnov, Annals of Mathematical Statistics 19 (1948) 279-281; Noether, Technometrics 5 (1963) (ties).
    """
    import numpy as np

    value = float(largest(pair.reference, pair.window))
    whole = np.cumsum(np.cumsum(pair.covariance, axis=0), axis=1)
    errors = np.sqrt(np.clip(np.diag(whole)[:-1], 0, None))
    errors = errors[errors > 1e-12 * errors.max(initial=0)]
    both = 1 / sum(1 / rows for rows in pair.rows)
    return Drift(
        "Kolmogorov-Smirnov", value, _reach(level, errors, pair.freedom, both),
        _p(value, errors, pair.freedom, both), minimum, level,
    )  # fmt: skip


def largest(p: Array, q: Array) -> Any:
    """The largest difference of cumulated shares, over the last axis."""
    import numpy as np

    return np.abs(np.cumsum(q - p, axis=-1)).max(axis=-1)


def _p(value: float, errors: Array, freedom: float, rows: float) -> float:
    from scipy.special import kolmogorov, ndtr, stdtr

    if not len(errors):
        return float(value <= 0)
    far = -value / errors
    edges = 2 * float((ndtr(far) if freedom == inf else stdtr(freedom, far)).sum())
    if freedom == inf:
        edges = min(edges, float(kolmogorov(value * sqrt(rows))))
    return min(edges, 1.0)


def _reach(level: float, errors: Array, freedom: float, rows: float) -> float:
    from scipy.optimize import brentq
    from scipy.special import ndtri, stdtrit

    if not len(errors):
        return 0.0
    chance = level / len(errors) / 2
    high = -float(ndtri(chance) if freedom == inf else stdtrit(freedom, chance)) * float(errors.max())
    return float(brentq(lambda value: _p(value, errors, freedom, rows) - level, 0.0, high * 1.001, rtol=1e-6))
