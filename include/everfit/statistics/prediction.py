"""Is one more batch like the ones before it? The interval in which the next mean of a batch should fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.statistics.tails import reach, two_sided

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST_BATCHES = 3
"""Below so many earlier batches nobody knows how much batches differ."""


@dataclass(frozen=True)
class Prediction:
    """What earlier batches let one expect of the next: a middle, the error of a prediction, and its degrees of freedom.

    >>> import numpy as np
    >>> expected = predict(np.array([0.20, 0.22, 0.24]), np.zeros(3), 0.0)
    >>> round(expected.middle, 2), [round(end, 3) for end in expected.interval(0.05)]
    (0.22, [0.121, 0.319])
    >>> round(expected.chance(0.319), 2)
    0.05
    """

    middle: float
    error: float
    freedom: int

    def interval(self, false_alarms: float) -> tuple[float, float]:
        """Where the next value falls, but for this share of the times."""
        by = reach(false_alarms, self.freedom) * self.error
        return self.middle - by, self.middle + by

    def chance(self, value: float) -> float:
        """How often a value at least so far from the middle comes by chance."""
        if self.error == 0:
            return float(value == self.middle)
        return two_sided((value - self.middle) / self.error, self.freedom)


def predict(values: NDArray[np.float64], errors: NDArray[np.float64], error: float) -> Prediction:
    """Predict the next batch's mean from those of `k >= 2` earlier ones, which vary by more than their rows' chance.

    `errors` are the standard errors of the earlier means within their batches, `error` that of the new one. What is
    measured is the spread of the values themselves, `s`, so a difference between batches (a season, a storm) counts as
    much as chance within them: the next value lies within `t(k - 1) * s * sqrt(1 + 1/k)`. Two things are added, both to
    the safe side: the spread is never taken to be less than what the rows' chance alone makes it, and a batch that is
    smaller than the earlier ones may be off by its own chance on top. It takes batches for exchangeable: a trend, or a
    season that has not been seen yet, is outside.

    Sources: Hahn and Meeker, Statistical Intervals (1991), chapter 4 (one future observation); Higgins, Thompson and
    Spiegelhalter, J. Royal Statistical Society A 172 (2009) 137-159 (predicting the next of groups that differ).
    """
    import numpy as np

    count = len(values)
    if count < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError(f"a prediction needs at least 2 earlier values, found {count}")
    chance = float(np.mean(errors**2))
    spread = max(float(np.var(values, ddof=1)), chance)
    variance = spread * (1 + 1 / count) + max(error**2 - chance, 0.0)
    return Prediction(float(np.mean(values)), float(np.sqrt(variance)), count - 1)


def predict_share(shares: NDArray[np.float64], errors: NDArray[np.float64], share: float, error: float) -> Prediction:
    """`predict` for shares, in log odds, where the spread of small shares is not lopsided; see `log_odds`."""
    scale = shares * (1 - shares)
    return predict(log_odds(shares), errors / scale, error / (share * (1 - share)))


def log_odds(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """A share from above 0 to below 1 as the logarithm of its odds.

    >>> import numpy as np
    >>> log_odds(np.array([0.5, 0.9])).round(3).tolist()
    [0.0, 2.197]
    """
    import numpy as np

    return np.asarray(np.log(share / (1 - share)), dtype=np.float64)


def share_of(log_odds: float) -> float:
    """The share whose log odds these are.

    >>> share_of(0.0)
    0.5
    """
    from math import exp

    return 1 / (1 + exp(-log_odds))


def inside(count: NDArray[Any], of: NDArray[Any]) -> NDArray[np.float64]:
    """`count` of `of` rows as a share that is never quite 0 or 1: half a row of each kind is added (Jeffreys)."""
    import numpy as np

    return np.asarray((count + 0.5) / (of + 1), dtype=np.float64)


def error_of_mean(values: NDArray[np.float64], clusters: NDArray[np.int64]) -> float:
    """The standard error of a mean whose rows depend on each other by cluster (see `everfit.statistics.interval`).

    0 where it cannot be known: with one cluster there is no spread to see.

    >>> import numpy as np
    >>> error_of_mean(np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0]), np.array([0, 0, 1, 1, 2, 2])) ** 2 * 3
    1.0
    """
    import numpy as np

    _, codes = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(codes)
    if len(sizes) < 2:  # noqa: PLR2004 - a spread needs two
        return 0.0
    sums = np.bincount(codes, weights=(values - values.mean()) / len(values)) / (1 - sizes / len(values))
    return float(np.sqrt((len(sizes) - 1) / len(sizes) * np.sum(sums**2)))
