"""How far chance takes a sum of squares, or of absolute values, of numbers that vary together."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """`mean` times a chi-squared over its degrees of freedom; an F distribution where the mean is itself estimated.

    >>> law = Law(9.0, 9.0)
    >>> round(law.p(16.919), 3), round(law.reach(0.05), 3)
    (0.05, 16.919)
    """

    mean: float
    freedom: float
    known: float = inf

    def p(self, value: float) -> float:
        """How often chance reaches so much or more."""
        from scipy.special import chdtrc, fdtrc

        if self.mean <= 0:
            return float(value <= 0)
        ratio = value / self.mean
        if self.known == inf:
            return float(chdtrc(self.freedom, ratio * self.freedom))
        return float(fdtrc(self.freedom, self.known, ratio))

    def reach(self, level: float) -> float:
        """What chance reaches so often."""
        from scipy.special import chdtri, fdtri

        if self.known == inf:
            return self.mean * float(chdtri(self.freedom, level)) / self.freedom
        return self.mean * float(fdtri(self.freedom, self.known, 1 - level))


def quadratic(covariance: Array, shares: Array, known: float = inf) -> Law:
    """The law of the sum of `d^2 / shares`, for normal `d` with that covariance.

    A sum of chi-squared variables with different weights, taken as one of the same mean and variance (Satterthwaite).
    For shares of independent rows all weights are equal and it is exact: (1/n + 1/m) times chi-squared with one degree
    of freedom less than there are cells. Estimated from clusters, it has as many degrees of freedom as the mean of so
    many estimated weights.

    Sources: Rao and Scott, Annals of Statistics 12 (1984) 46-60; Thomas and Rao, J. American Statistical Association 82
    (1987) 630-636.
    """
    import numpy as np

    root = 1 / np.sqrt(shares)
    scaled = covariance * root[:, None] * root[None, :]
    mean, variance = float(np.trace(scaled)), float(np.sum(scaled**2))
    if mean <= 0:
        return Law(0.0, 1.0)
    freedom = mean**2 / variance
    return Law(mean, freedom, known * freedom)


def absolute(covariance: Array, weights: Array, known: float = inf) -> Law:
    """The law of the *square* of the sum of `weights * |z|`, for normal `z` with that covariance.

    Its mean and that of its root are known exactly; the law is the one with a chi-squared's shape that has both. The
    tails fall as they should, for the sum is at most so many standard deviations of one normal variable away.

    Source: Nabeya, Annals of the Institute of Statistical Mathematics 3 (1951) 2-6 (absolute moments of two).

    >>> import numpy as np
    >>> law = absolute(np.eye(1), np.ones(1))  # of one variable it is chi-squared with one degree of freedom
    >>> round(law.mean, 6), round(law.freedom, 2)
    (1.0, 1.0)
    """
    import numpy as np

    deviations = np.sqrt(np.clip(np.diag(covariance), 0, None))
    varies = (deviations > 0) & (weights > 0)
    if not varies.any():
        return Law(0.0, 1.0)
    each = (weights * deviations)[varies]
    scale = deviations[varies]
    correlation = np.clip(covariance[np.ix_(varies, varies)] / np.outer(scale, scale), -1, 1)
    both = (correlation * np.arcsin(correlation) + np.sqrt(1 - correlation**2)) * 2 / pi
    square, mean = float(each @ both @ each), float(each.sum()) * (2 / pi) ** 0.5
    freedom = _freedom(mean**2 / square)
    return Law(square, freedom, known * freedom)


def _freedom(ratio: float) -> float:
    """The degrees of freedom of a chi whose squared mean is `ratio` of its mean square; 2 / pi for one."""
    from math import exp, lgamma, sqrt

    low, high = 0.5, 1e6
    for _ in range(40):
        middle = sqrt(low * high)
        found = 2 / middle * exp(2 * (lgamma((middle + 1) / 2) - lgamma(middle / 2)))
        low, high = (middle, high) if found < ratio else (low, middle)
    return sqrt(low * high)
