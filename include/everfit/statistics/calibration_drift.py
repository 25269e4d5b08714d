"""Whether probabilities mean something else than they did: how far calibration in one window is from that in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.calibration import in_the_large, slope
from everfit.statistics.interval import LEVEL, Estimate, estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibrated:
    """Of a window: how much more came than was said, on average (0 is right), and the slope of it (1 is right).

    Numbers enough to compare with windows to come: its rows need not be kept. `slope` is None where there is none.
    """

    large: Estimate
    slope: Estimate | None

    @classmethod
    def of(cls, y: Array, scores: Array, days: NDArray[np.int64], level: float = LEVEL) -> Calibrated:
        """Of probabilities and labels 0 or 1."""
        bent = slope(y, scores)
        return cls(estimate(in_the_large(y, scores), days, level), bent and estimate(bent, days, level))

    def since(self, then: Calibrated) -> Calibrated:
        """How much both have changed: of each the difference, 0 if nothing has; see `difference`."""
        both = self.slope and then.slope and difference(self.slope, then.slope)
        return Calibrated(difference(self.large, then.large), both)


def difference(one: Estimate, two: Estimate) -> Estimate:
    """How much more the first is than the second, if they rest on different days: Welch's interval.

    Sources: Welch, Biometrika 34 (1947) 28-35; Satterthwaite, Biometrics Bulletin 2 (1946) 110-114 (its degrees of
    freedom).

    >>> import numpy as np
    >>> from everfit.statistics.interval import mean
    >>> one, two = (estimate(mean(np.array(values)), np.arange(4)) for values in ([3.0, 4, 4, 5], [1.0, 1, 3, 3]))
    >>> found = difference(one, two)
    >>> found.value, round(found.freedom, 2), round(found.low, 2), round(found.high, 2)
    (2.0, 5.4, 0.59, 3.41)
    """
    from scipy.special import stdtrit

    parts = [(each.error**2, each.freedom) for each in (one, two)]
    variance = sum(part for part, _ in parts)
    least = min(one.freedom, two.freedom)
    freedom = variance**2 / sum(part**2 / free for part, free in parts) if variance else least
    value, reach = one.value - two.value, float(stdtrit(freedom, one.level)) * variance**0.5
    rows, clusters = one.rows + two.rows, one.clusters + two.clusters
    return Estimate(value, value - reach, value + reach, rows, clusters, freedom, variance**0.5, one.level)
