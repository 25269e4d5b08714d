"""One interval for every metric: cluster-robust by day, from how much each row moves the metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.95
"""Confidence of each end of an interval, taken alone."""

POWER = 0.8
"""How often an effect should be shown, if it is there: the usual aim when a sample is planned."""

FEWEST_CLUSTERS = 10
"""Below so many days the spread between days is too poorly known for an interval to keep its level."""

FEWEST_EQUAL = 5
"""The same for days of unequal size, counted as equal ones (see `effective`)."""


@dataclass(frozen=True)
class Measured:
    """A metric on some rows, and its influence: how much each row moves it (one value per row, summing to zero)."""

    value: float
    influence: NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with an interval whose ends are one-sided bounds, of 95 % unless another `level` was asked for.

    At 95 % both together are a two-sided 90 % interval. `rows` and `clusters` say how much it rests on, `error` is its
    standard error, `freedom` the degrees of freedom of its Student's t.
    """

    value: float
    low: float
    high: float
    rows: int
    clusters: int
    freedom: float
    error: float
    level: float = LEVEL

    @property
    def test(self) -> str:
        """How the interval was made, for people."""
        return f"cluster-robust t by day, {self.freedom:.3g} degrees of freedom, {self.basis}"

    @property
    def basis(self) -> str:
        """The confidence of each end, in words.

        >>> Estimate(0, -1, 1, 10, 10, 9, 0.5, 0.982).basis
        'one-sided 98.2 %'
        """
        return f"one-sided {100 * self.level:.4g} %"

    @property
    def detectable(self) -> float:
        """The distance from a bar at which the truth is told to be beyond it four times in five.

        The sum of two quantiles of Student's t, at the interval's level and at 80 %, times the standard error.

        >>> round(Estimate(0, -1, 1, 600, 60, 59, 1.0).detectable, 3)
        2.519
        """
        from scipy.special import stdtrit

        return float((stdtrit(self.freedom, self.level) + stdtrit(self.freedom, POWER)) * self.error)

    def p(self, bar: float, *, above: bool) -> float:
        """How often chance alone would show so much or more, were the truth exactly at the bar (one-sided).

        Below `1 - level` where, and only where, the whole interval is on the wanted side of the bar.

        >>> found = Estimate(2.0, 0.314, 3.686, 6, 3, 2, 0.5774)
        >>> round(found.p(0.314, above=True), 3), round(found.p(2.0, above=False), 3)
        (0.05, 0.5)
        """
        from scipy.special import stdtr

        far = (self.value - bar) if above else (bar - self.value)
        if self.error == 0:
            return 0.0 if far > 0 else 1.0
        return float(stdtr(self.freedom, -far / self.error))


def count_clusters(clusters: NDArray[np.int64]) -> int:
    """How many different clusters there are.

    >>> import numpy as np
    >>> count_clusters(np.array([3, 3, 7]))
    2
    """
    import numpy as np

    return len(np.unique(clusters))


def effective(clusters: NDArray[np.int64]) -> float:
    """How many clusters of equal size would say as much: all of them if they are equal, near 1 if one has most rows.

    Source: Carter, Schnepel and Steigerwald, Review of Economics and Statistics 99 (2017) 698-709, for dependence that
    is strong within clusters.

    >>> import numpy as np
    >>> effective(np.array([1, 1, 2, 2, 3, 3])), effective(np.array([1, 1, 1, 1, 2, 3]))
    (3.0, 2.0)
    """
    import numpy as np

    sizes = np.unique(clusters, return_counts=True)[1]
    return float(len(clusters) ** 2 / np.sum(sizes.astype(float) ** 2))


def estimate(measured: Measured, clusters: NDArray[np.int64], level: float = LEVEL) -> Estimate:
    """The interval of a metric when rows of one cluster (a day) may depend on each other in any way.

    Rows of one day share its weather and its delays, so they say less than as many independent rows would. The
    influences are added up within each day and only the spread between days counts. A day's sum is divided by
    `1 - (its share of the rows)`: for a mean this is the jackknife that leaves out one day at a time (called CR3). With
    `G` days `variance = (G - 1) / G * sum over days of (sum of influences / (1 - share))^2`, and t has `effective - 1`
    degrees of freedom: `G - 1` for days of equal size, fewer for unequal ones, where the plain rule is too sure.
    With one row per cluster it is the usual interval. It does not cover dependence between different days, and with few
    days whose effects are very lopsided it misses more often on one side.

    Sources: Liang and Zeger, Biometrika 73 (1986) 13-22; Cameron and Miller, J. Human Resources 50 (2015) 317-372,
    sections II.B and VI.D; MacKinnon, Nielsen and Webb, J. Econometrics 232 (2023) 272-299, section 3.

    >>> import numpy as np
    >>> day = np.array([0, 0, 1, 1, 2, 2])
    >>> loss = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    >>> e = estimate(mean(loss), day)  # three days say as much as three rows: t(2) at 95 % is 2.92, error sqrt(1/3)
    >>> round(e.low, 3), e.value, round(e.high, 3)
    (0.314, 2.0, 3.686)
    """
    import numpy as np
    from scipy.special import stdtrit

    _, codes = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(codes)
    count, rows = len(sizes), len(codes)
    if count < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError(f"an interval needs rows of at least 2 clusters, found {count}")
    sums = np.bincount(codes, weights=measured.influence) / (1 - sizes / rows)
    error = float(np.sqrt((count - 1) / count * np.sum(sums**2)))
    freedom = effective(clusters) - 1
    reach = float(stdtrit(freedom, level)) * error
    return Estimate(measured.value, measured.value - reach, measured.value + reach, rows, count, freedom, error, level)


def mean(values: NDArray[np.float64]) -> Measured:
    """The mean of per-row values.

    >>> import numpy as np
    >>> mean(np.array([1.0, 3.0])).influence.tolist()
    [-0.5, 0.5]
    """
    value = float(values.mean())
    return Measured(value, (values - value) / len(values))
