"""How forecasts and what came go together: the reliability curve, calibration in the large and its slope, coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.interval import LEVEL, Measured, effective
from everfit.statistics.smooth_ece import CELLS, Residuals, equal, on_grid, smooth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NARROWEST = 0.01
"""A curve that is smoothed less than this shows noise, however many rows there are."""

POINTS = 41
EDGE = 0.005
CLOSEST = 1e-6
NEWTON = 50


@dataclass(frozen=True)
class Curve:
    """A reliability curve: what came where so much was forecast, with a band of one-sided 95 % bounds at each point.

    `share` is how much of all forecasts lies about each point: the curve is drawn thinly where there are few.
    """

    forecast: tuple[float, ...]
    came: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    share: tuple[float, ...]


def curve(y: Array, forecasts: Array, clusters: NDArray[np.int64]) -> Curve:
    """The reliability curve of probabilities: the forecast plus the smoothed residual, as wide a kernel as smECE's.

    It goes from the 0.5 % to the 99.5 % quantile of the forecasts. The band is that of a ratio of two sums by day
    (Student's t, cluster-robust), at each point for itself: about one point in ten is outside by chance.

    Source: Blasiok and Nakkiran, Smooth ECE (ICLR 2024, arXiv 2309.12236), section 4.
    """
    import numpy as np
    from scipy.special import stdtrit

    _, codes = np.unique(clusters, return_inverse=True)
    days, rows = int(codes.max()) + 1, len(y)
    width = max(equal(Residuals.of(y, forecasts, clusters).error), NARROWEST)
    begin, end = np.quantile(forecasts, [EDGE, 1 - EDGE])
    at = np.unique(np.clip(np.linspace(begin, end, POINTS) * CELLS, 0, CELLS - 1).astype(np.int64))
    points = (at + 0.5) / CELLS
    off, there = (
        smooth(on_grid(forecasts, values, codes, days), width)[:, at] for values in (y - forecasts, np.ones(rows))
    )
    by = off.sum(axis=0) / there.sum(axis=0)
    left_out = 1 - np.bincount(codes)[:, None] / rows
    moved = (off - by * there) / there.sum(axis=0) / left_out
    error = np.sqrt((days - 1) / days * np.sum(moved**2, axis=0))
    reach = float(stdtrit(effective(clusters) - 1, LEVEL)) * error
    came = points + by
    columns = (points, came, came - reach, came + reach, there.sum(axis=0) / there.sum())
    return Curve(*(tuple(np.clip(column, 0, 1).round(6).tolist()) for column in columns))


def in_the_large(y: Array, forecasts: Array) -> Measured:
    """How much more came than was forecast, on average: 0 is right.

    >>> import numpy as np
    >>> in_the_large(np.array([1.0, 0.0, 1.0, 1.0]), np.full(4, 0.5)).value
    0.25
    """
    off = y - forecasts
    value = float(off.mean())
    return Measured(value, (off - value) / len(y))


def slope(y: Array, forecasts: Array) -> Measured | None:
    """The slope of a logistic regression of what came on the log odds of the forecast: 1 is right, below 1 is too bold.

    None where there is none: forecasts that are all the same, labels that are, or ones that forecasts part perfectly.

    Sources: Cox, Biometrika 45 (1958) 562-565; Van Calster et al., J. Clinical Epidemiology 74 (2016) 167-176.

    >>> import numpy as np
    >>> p, n = np.array([0.2, 0.8]), 10_000
    >>> y = np.concatenate([np.arange(n) < n // 3, np.arange(n) < n - n // 3]).astype(float)  # odds 1:2 where 1:4 said
    >>> round(slope(y, np.repeat(p, n)).value, 3)
    0.5
    """
    import numpy as np
    from scipy.special import expit, logit

    said = logit(np.clip(forecasts, CLOSEST, 1 - CLOSEST))
    if float(np.ptp(said)) < CLOSEST or float(np.ptp(y)) == 0:
        return None
    columns = np.stack([np.ones(len(y)), said])
    found = np.zeros(2)
    for _ in range(NEWTON):
        chance = expit(found @ columns)
        bend = (columns * (chance * (1 - chance))) @ columns.T
        if not np.isfinite(bend).all() or np.linalg.cond(bend) > 1 / np.finfo(float).eps:
            return None
        step = np.linalg.solve(bend, columns @ (y - chance))
        found = found + step
        if float(np.abs(step).max()) < CLOSEST**1.5:
            return Measured(float(found[1]), np.asarray(np.linalg.solve(bend, columns * (y - chance))[1]))
    return None


def coverage_gap(y: Array, quantile: Array, level: float) -> Measured:
    """How much more often than `level` the label was at most the predicted quantile: 0 is right.

    >>> import numpy as np
    >>> round(coverage_gap(np.arange(10.0), np.full(10, 4.5), 0.9).value, 3)
    -0.4
    """
    return in_the_large((y <= quantile).astype(float), y * 0 + level)
