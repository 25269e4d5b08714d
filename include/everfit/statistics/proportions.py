"""Shares of rows, and how far two of them are apart: score intervals, which keep their level where shares are extreme.

Each end of an interval is a one-sided bound at the confidence `level`; a published two-sided 95 % interval has ends of
97.5 %. Everything takes numbers or arrays of them.

Rows of one day say less than as many independent rows. A share therefore carries the number of independent rows that
would say as much (the rows over their design effect), Student's degrees of freedom for how well that is known, and two
shares of the same days may be correlated.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from everfit.statistics.interval import LEVEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Ends = tuple[Array, Array]

_HALVINGS = 45
_FARTHEST = 60.0
"""Ratios are looked for up to e^60."""
_LEAST = 0.01
"""Correlated estimates are never taken to say more than a hundred times as much."""


@dataclass(frozen=True, eq=False)
class Share:
    """The share `value` in rows that say as much as `rows` independent ones.

    `freedom`: degrees of freedom with which the variance is known; infinite where rows are independent, for then the
    share itself says what its variance is.
    """

    value: Any
    rows: Any
    freedom: Any = inf

    @classmethod
    def of(cls, count: float, rows: float) -> Share:
        """So many of so many independent rows."""
        return cls(count / rows, rows)

    @property
    def variance(self) -> Any:
        """That of the estimated share."""
        return self.value * (1 - self.value) / self.rows


def wilson(share: Share, level: float | Array = LEVEL) -> Ends:
    """Wilson's score interval of a share: the shares from which what was seen is not too far.

    With an effective number of rows and a quantile of Student's t it is the interval of Dean and Pagano for samples
    whose rows depend on each other.

    Sources: Wilson, J. American Statistical Association 22 (1927) 209-212; Newcombe, Statistics in Medicine 17 (1998)
    857-872; Dean and Pagano, J. Survey Statistics and Methodology 3 (2015) 484-503; Rao and Scott, Biometrics 48 (1992)
    577-585 (effective rows).

    >>> [round(float(end), 4) for end in wilson(Share.of(81, 263), 0.975)]
    [0.2553, 0.3662]
    """
    import numpy as np

    z2 = quantile(level, share.freedom) ** 2
    p, n = np.asarray(share.value, dtype=np.float64), share.rows
    middle = p + z2 / (2 * n)
    reach = np.sqrt(z2 * (p * (1 - p) + z2 / (4 * n)) / n)
    low, high = (middle - reach) / (1 + z2 / n), (middle + reach) / (1 + z2 / n)
    return np.where(p > 0, np.maximum(low, 0.0), 0.0), np.where(p < 1, np.minimum(high, 1.0), 1.0)


def newcombe(one: Share, two: Share, correlation: Any = 0.0, level: float | Array = LEVEL) -> Ends:
    """Newcombe's hybrid score interval of the difference of two shares, made of the Wilson interval of each.

    `correlation` is that of the two estimates: 0 for different and independent rows, phi for the same rows asked twice,
    and for groups that share their days, that of their sums by day.

    Sources: Newcombe, Statistics in Medicine 17 (1998) 873-890 and 2635-2650 (method 10 of each); Zou and Donner,
    Statistics in Medicine 27 (2008) 1693-1702; Saha, Miller and Wang, International Journal of Biostatistics 12 (2016),
    for clusters.

    >>> [round(float(end), 4) for end in newcombe(Share.of(56, 70), Share.of(48, 80), level=0.975)]
    [0.0524, 0.3339]
    """
    import numpy as np

    (low1, high1), (low2, high2) = wilson(one, level), wilson(two, level)
    down = _reach(one.value - low1, high2 - two.value, correlation)
    up = _reach(high1 - one.value, two.value - low2, correlation)
    difference = one.value - two.value
    return np.maximum(difference - down, -1.0), np.minimum(difference + up, 1.0)


def katz(one: Share, two: Share, correlation: Any = 0.0, level: float | Array = LEVEL) -> Ends:
    """Katz's interval of the ratio of two shares: symmetric in its logarithm, by the delta method.

    Where a share is 0 or 1 it has no end or no width, and near 1 it misses too often; see `koopman`.

    Source: Katz, Baptista, Azen and Pike, Biometrics 34 (1978) 469-474.

    >>> [round(float(end), 2) for end in katz(Share.of(7, 34), Share.of(1, 34), level=0.975)]
    [0.91, 53.87]
    """
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (np.sqrt(share.variance) / share.value for share in (one, two))
        ratio = np.log(np.asarray(one.value, dtype=np.float64)) - np.log(np.asarray(two.value, dtype=np.float64))
        reach = quantile(level, np.minimum(one.freedom, two.freedom)) * _reach(first, second, correlation)
        return np.exp(ratio - reach), np.exp(ratio + reach)


def koopman(one: Share, two: Share, correlation: Any = 0.0, level: float | Array = LEVEL) -> Ends:
    """Koopman's score interval of the ratio of two shares; shares of 0 and 1 are fine.

    A ratio is in it if the score test of that ratio does not refuse it, with the likeliest shares that have it. For
    rows that depend on each other it is Rao and Scott's version: effective rows. Estimates that are correlated say more
    (or less) of their ratio; both get as many more rows as Katz's variance shrinks by that.

    Sources: Koopman, Biometrics 40 (1984) 513-517; Rao and Scott, Biometrics 48 (1992) 577-585.

    >>> [round(float(end), 2) for end in koopman(Share.of(36, 40), Share.of(16, 80), level=0.975)]
    [2.94, 7.15]
    """
    import numpy as np

    ours, theirs = _as_correlated(one, two, correlation)
    wanted = quantile(level, np.minimum(one.freedom, two.freedom))
    low, high = (_at(sign * wanted, ours, theirs) for sign in (1.0, -1.0))
    return np.where(np.asarray(one.value) > 0, low, 0.0), np.where(np.asarray(two.value) > 0, high, np.inf)


def ratio_below(one: Share, two: Share, correlation: Any, ratio: float) -> Array:
    """The p-value of Koopman's score test that the ratio of two shares is `ratio` or more: small if it is below.

    >>> round(float(ratio_below(Share.of(36, 40), Share.of(16, 80), 0.0, 7.1522)), 3)
    0.025
    """
    import numpy as np
    from scipy.special import stdtr

    score = _score(*_as_correlated(one, two, correlation), np.asarray(ratio))
    return np.asarray(stdtr(np.minimum(one.freedom, two.freedom), score))


def quantile(level: float | Array, freedom: Any) -> Any:
    """Student's t at `level`; the normal one where the degrees of freedom are infinite."""
    from scipy.special import stdtrit

    return stdtrit(freedom, level)


def _reach(down: Any, up: Any, correlation: Any) -> Any:
    import numpy as np

    return np.sqrt(np.maximum(down**2 - 2 * correlation * down * up + up**2, 0.0))


def _as_correlated(one: Share, two: Share, correlation: Any) -> tuple[Share, Share]:
    """Two shares with as many more rows as the variance of their logarithms' difference shrinks by the correlation."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (np.sqrt(share.variance) / share.value for share in (one, two))
        less = (_reach(first, second, correlation) / _reach(first, second, 0.0)) ** 2
    less = np.where(np.isfinite(less), np.maximum(less, _LEAST), 1.0)
    return Share(one.value, one.rows / less), Share(two.value, two.rows / less)


def _at(wanted: Any, one: Share, two: Share) -> Array:
    """The ratio whose score is the wanted one: the score falls as the ratio rises."""
    import numpy as np

    parts = (one.value, one.rows, two.value, two.rows, wanted)
    shape = np.broadcast_shapes(*(np.shape(part) for part in parts))
    low, high = np.full(shape, -_FARTHEST), np.full(shape, _FARTHEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = _score(one, two, np.exp(middle)) > wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(np.exp((low + high) / 2))


def _score(one: Share, two: Share, ratio: Array) -> Array:
    """How many standard errors the first share is above `ratio` times the second, if that is their true ratio."""
    import numpy as np

    n1, n2 = one.rows, two.rows
    x1, x2 = one.value * n1, two.value * n2
    a = (n1 + n2) * ratio
    b = (x2 + n1) * ratio + x1 + n2
    root = np.sqrt(np.maximum(b * b - 4 * a * (x1 + x2), 0.0))
    second = np.clip(2 * (x1 + x2) / (b + root), 0.0, 1.0)
    first = np.clip(ratio * second, 0.0, 1.0)
    variance = first * (1 - first) / n1 + ratio**2 * second * (1 - second) / n2
    apart = one.value - ratio * two.value
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(variance > 0, apart / np.sqrt(variance), np.sign(apart) * _FARTHEST**2))
