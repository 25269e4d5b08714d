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
    """`least` and `scale` times a chi-squared variable; F with `known` degrees of freedom if the scale is estimated.

    >>> law = Law(1.0, 9.0)
    >>> round(law.p(16.919), 3), round(law.reach(0.05), 3)
    (0.05, 16.919)
    """

    scale: float
    freedom: float
    known: float = inf
    least: float = 0.0

    def p(self, value: float) -> float:
        """How often chance reaches so much or more."""
        from scipy.special import chdtrc, fdtrc

        if self.scale <= 0:
            return float(value <= self.least)
        units = max(value - self.least, 0.0) / self.scale
        if self.known == inf:
            return float(chdtrc(self.freedom, units))
        return float(fdtrc(self.freedom, self.known, units / self.freedom))

    def reach(self, level: float) -> float:
        """What chance reaches so often."""
        from scipy.special import chdtri, fdtri

        if self.known == inf:
            return self.least + self.scale * float(chdtri(self.freedom, level))
        return self.least + self.scale * self.freedom * float(fdtri(self.freedom, self.known, 1 - level))

    def times(self, factor: float) -> Law:
        """That of what is so many times as large."""
        return Law(factor * self.scale, self.freedom, self.known, factor * self.least)


def quadratic(covariance: Array, shares: Array, known: float = inf) -> Law:
    """The law of the sum of `d^2 / shares`, for normal `d` with that covariance.

    It is a sum of chi-squared variables with different weights. For shares of independent rows all weights are
    1/n + 1/m and it is chi-squared with a degree of freedom less than cells. Otherwise all get the largest weight, and
    so many degrees of freedom that the mean is right. That is the choice whose far tail does not fall too fast, where
    levels are small because many columns are looked at; the usual one, of the same variance (Satterthwaite), is two to
    three times too sure at 1 %. A covariance that is itself estimated from clusters makes it an F.

    Sources: Rao and Scott, Annals of Statistics 12 (1984) 46-60; Thomas and Rao, J. American Statistical Association 82
    (1987) 630-636.
    """
    import numpy as np

    root = 1 / np.sqrt(shares)
    scaled = covariance * root[:, None] * root[None, :]
    mean, largest = float(np.trace(scaled)), float(np.linalg.eigvalsh(scaled)[-1])
    if mean <= 0 or largest <= 0:
        return Law(0.0, 1.0)
    freedom = mean / largest
    return Law(largest, freedom, known * freedom)


def absolute(covariance: Array, weights: Array, known: float = inf) -> Law:
    """The law of the *square* of the sum of `weights * |z|`, for normal `z` with that covariance.

    The sum is large if all `z` are, to the same side: then it is one normal variable, whose variance sets how the tail
    falls. The rest of the mean square, which is known exactly, is added as a constant. For the area under a Brownian
    bridge the level of 5 % is 5.3 % so, and 1 % is 1.1 %.

    Source: Nabeya, Annals of the Institute of Statistical Mathematics 3 (1951) 2-6 (absolute moments of two).

    >>> import numpy as np
    >>> law = absolute(np.eye(1), np.ones(1))  # of one variable it is chi-squared with one degree of freedom
    >>> law.scale, law.freedom, round(law.least, 9)
    (1.0, 1.0, 0.0)
    """
    import numpy as np

    deviations = np.sqrt(np.clip(np.diag(covariance), 0, None))
    both = np.outer(deviations, deviations)
    correlation = np.clip(np.divide(covariance, both, out=np.zeros_like(both), where=both > 0), -1, 1)
    products = both * (correlation * np.arcsin(correlation) + np.sqrt(1 - correlation**2)) * 2 / pi
    one_side = float(weights @ np.abs(covariance) @ weights)
    return Law(one_side, 1.0, known, max(float(weights @ products @ weights) - one_side, 0.0))
