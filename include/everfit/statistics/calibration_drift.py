"""Whether probabilities mean something else than they did: calibration now, beside that of labelled rows of the past.

Comparing the calibration error of two windows would take a shift of inputs for one: where scores are off here and right
there, rows that move change the error, and nothing has changed. So scores are first put right as the past says, and
what is looked at is what remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.calibration import CLOSEST, in_the_large, slope
from everfit.statistics.interval import LEVEL, Estimate, estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.estimated import Calibration

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Drift:
    """How far scores are from what they meant.

    `large`: how much more came than the past would have it, on average; 0 if nothing has changed. `slope`: below 1 if
    high scores mean less than they did and low ones more; None where labels or scores are all the same.
    """

    large: Estimate
    slope: Estimate | None


def calibration_drift(
    y: Array, scores: Array, days: NDArray[np.int64], past: Calibration, level: float = LEVEL
) -> Drift:
    """The drift of probabilities of a binary task, by labels of rows that `past` has not learnt from.

    The intervals know that rows of one day go together, now and then, and how sure the past is of what it says: what it
    is unsure of counts by where the rows are now. For several classes ask for each: its labels and its scores, with a
    calibration learnt of these.

    Source: Cox, Biometrika 45 (1958) 562-565 (the slope).

    >>> import numpy as np
    >>> from everfit.statistics.estimated import calibrate
    >>> said, day = np.repeat([0.2, 0.8], 500), np.arange(1000) % 20
    >>> came = (np.arange(1000) // 20 % 5 < np.where(said > 0.5, 4, 1)).astype(float)
    >>> less = (np.arange(1000) // 20 % 5 < np.where(said > 0.5, 3, 1)).astype(float)
    >>> found = calibration_drift(less, said, day, calibrate(came, said, day))
    >>> round(found.large.value, 3), found.slope.value < 0.8
    (-0.1, True)
    """
    import numpy as np
    from scipy.special import logit

    p = np.clip(past.probabilities(scores)[:, 1], CLOSEST, 1 - CLOSEST)
    design, moved = past.curves[0].lines.design(scores[:, None]), past.moved
    large = estimate(in_the_large(y, p), days, level)
    large = difference(large, _learnt(moved @ (design.T @ np.full(len(p), 1 / len(p))), large))
    bent = slope(y, p)
    if bent is None:
        return Drift(large, None)
    alone, said = p * (1 - p), logit(p)
    from_middle = said - float(alone @ said / alone.sum())
    leans = design.T @ (from_middle / (alone @ from_middle**2))
    now = estimate(bent, days, level)
    return Drift(large, difference(now, _learnt(moved @ leans, now)))


def _learnt(by_past_day: Array, like: Estimate) -> Estimate:
    """Nothing, with the error of what was learnt."""
    import numpy as np

    days = len(by_past_day)
    error = float(np.sqrt(np.sum(by_past_day**2) * days / (days - 1)))
    return Estimate(0.0, 0.0, 0.0, like.rows, days, days - 1, error, like.level)


def difference(one: Estimate, two: Estimate) -> Estimate:
    """How much more the first is than the second, if they rest on different days: Welch's interval.

    Sources: Welch, Biometrika 34 (1947) 28-35; Satterthwaite, Biometrics Bulletin 2 (1946) 110-114 (its degrees of
    freedom).

    >>> import numpy as np
    >>> from everfit.statistics.interval import mean
    >>> one, two = (estimate(mean(np.array(values)), np.arange(4)) for values in ([3.0, 4, 4, 5], [1.0, 1, 3, 3]))
    >>> found = difference(one, two)
    >>> found.value, round(found.freedom, 2), round(found.low, 1), round(found.high, 1)
    (2.0, 5.4, 0.6, 3.4)
    """
    from scipy.special import stdtrit

    parts = [(each.error**2, each.freedom) for each in (one, two)]
    variance = sum(part for part, _ in parts)
    least = min(one.freedom, two.freedom)
    freedom = variance**2 / sum(part**2 / free for part, free in parts) if variance else least
    value, reach = one.value - two.value, float(stdtrit(freedom, one.level)) * variance**0.5
    clusters = one.clusters + two.clusters
    return Estimate(value, value - reach, value + reach, one.rows, clusters, freedom, variance**0.5, one.level)
