"""How far the next batch may go: prediction bounds for one more value, from one value per batch seen so far.

Rows within a batch are not independent, so a batch counts as one observation, however many rows it has. With `n`
values, mean `m` and standard deviation `s`, one more value of the same normal distribution stays above
`m - t * s * sqrt(1 + 1/n)` with the probability for which `t` is Student's quantile (Hahn & Meeker, Statistical
Intervals, 1991, section 4.8). From few batches `s` is hardly known: it is pulled towards a prior worth `PRIOR` batches
(Smyth 2004, doi:10.2202/1544-6115.1027, equation 3), so that one batch alone gives wide bounds instead of none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, ceil, exp, floor, log, log10, pi, sin, sqrt

MISS = 0.001
"""How often one bound is crossed by a batch that is like the others."""

PRIOR = 3
"""How many batches the prior spread is worth."""

_EDGE = 3
_SHARES_SPREAD = 0.05
_ROWS_SPREAD = 0.1
_RANGE_SPREAD = 0.1
_EULER = 0.5772156649


@dataclass(frozen=True)
class Spread:
    """The mean of some values, and the standard deviation and degrees of freedom that are believed of them."""

    mean: float
    deviation: float
    freedom: int

    @property
    def reach(self) -> float:
        """How many standard deviations away one more value may be: Student's `1 - MISS` quantile."""
        from scipy.stats import t

        return float(t.ppf(1 - MISS, self.freedom))


def spread(values: Sequence[float], prior: float) -> Spread:
    """Mean and moderated standard deviation; `prior` is the one to expect before any value is seen."""
    count = len(values)
    mean = sum(values) / count
    squares = sum((value - mean) ** 2 for value in values)
    freedom = PRIOR + count - 1
    return Spread(mean, sqrt((PRIOR * prior**2 + squares) / freedom), freedom)


def least_share(shares: Sequence[float], rows: int) -> float:
    """A bound below which the share of the next batch hardly falls; never above the smallest share seen.

    On the arcsine scale, where the spread does not depend on the share; it is at least the one that chance alone gives
    `rows` rows (the smallest batch). Rounded down to three digits.

    >>> least_share([0.97, 0.95, 0.975, 0.96], 25_000) < 0.95
    True
    """
    seen = spread([asin(sqrt(share)) for share in shares], _SHARES_SPREAD)
    deviation = max(seen.deviation, 0.5 / sqrt(rows))
    low = seen.mean - seen.reach * deviation * sqrt(1 + 1 / len(shares))
    return floor(1000 * min(sin(max(low, 0)) ** 2, *shares)) / 1000


def row_counts(counts: Sequence[int]) -> tuple[int, int]:
    """Bounds for the rows of the next batch, on the log scale, rounded outwards to two digits.

    >>> row_counts([27004, 24951, 28834, 28330, 28796, 28243])
    (19000, 40000)
    """
    seen = spread([log(count) for count in counts], _ROWS_SPREAD)
    away = seen.reach * seen.deviation * sqrt(1 + 1 / len(counts))
    low, high = min(exp(seen.mean - away), *counts), max(exp(seen.mean + away), *counts)
    return max(1, int(outwards(low, low, down=True))), int(outwards(high, high, down=False))


def upper(extremes: list[float], span: float) -> float:
    """A bound for the largest value of the next batch, from the largest of each batch and the `span` of all values.

    Extremes of many rows follow an extreme value distribution rather than a normal one; Gumbel's is the one for tails
    that fall off like an exponential (Coles, An Introduction to Statistical Modeling of Extreme Values, 2001, section
    3.1). The bound is its return level of 1 in `1 / MISS` batches, fitted by moments, with the spread widened as
    Student's quantile is wider than the normal one. A largest value that half of the batches share, `_EDGE` at least,
    is an edge that the quantity has by nature (a clock's 2359, 100 percent, the 31st) and stays as it is.

    >>> upper([31, 28, 31, 30, 31], span=30)
    31
    """
    largest = max(extremes)
    if extremes.count(largest) >= max(_EDGE, len(extremes) / 2):
        return largest
    seen = spread(extremes, _RANGE_SPREAD * span)
    scale = seen.deviation * sqrt(6) / pi * seen.reach / Spread(0, 1, 10_000).reach
    level = seen.mean - _EULER * scale - scale * log(-log(1 - MISS))
    return outwards(max(level, largest), span, down=False)


def lower(extremes: list[float], span: float) -> float:
    """The same for the smallest value; what was never negative is not expected to be.

    >>> lower([3.0, 1.0, 2.0], span=100.0)
    0
    """
    bound = -upper([-value for value in extremes], span)
    return max(bound, 0) if min(extremes) >= 0 else bound


def outwards(value: float, span: float, *, down: bool) -> float:
    """Rounded away from the data to two digits of `span`: a number that a person can read and need not know by heart.

    >>> outwards(2087.3, 1300, down=False), outwards(-72.4, 80, down=True)
    (2100.0, -73.0)
    """
    if span <= 0:
        return value
    digits = 1 - floor(log10(span))
    scaled = round(value * 10.0**digits, 9)
    return (floor(scaled) if down else ceil(scaled)) / 10.0**digits
