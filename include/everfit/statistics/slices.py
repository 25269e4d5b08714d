"""The mean of per-row values in many slices at once, each with the interval that it would have alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.discoveries import holm
from everfit.statistics.interval import FEWEST_CLUSTERS, FEWEST_EQUAL, LEVEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

FEWEST_ROWS = 100
"""A slice of fewer rows is not judged: its mean is too far from normal for a t interval to keep its level."""


@dataclass(frozen=True, eq=False)
class Sums:
    """What it takes to know every slice: for each slice (a row) and day (a column), how many values and their sum."""

    count: Array
    total: Array

    @property
    def slices(self) -> int:
        """How many there are."""
        return len(self.count)


@dataclass(frozen=True, eq=False)
class Means:
    """The mean of each slice, and what it rests on: its standard error, degrees of freedom, rows and days.

    Where a slice has rows of one day only, or none, there is no error: it is NaN.
    """

    value: Array
    error: Array
    freedom: Array
    rows: Whole
    clusters: Whole

    def above(self, bar: float) -> Array:
        """One-sided p-values: how often a mean is so large where the true one is the bar; 1 where that is unknown."""
        return self._tail(bar - self.value)

    def below(self, bar: float) -> Array:
        """One-sided p-values: how often a mean is so small where the true one is the bar; 1 where that is unknown."""
        return self._tail(self.value - bar)

    def reach(self, level: float | Array) -> Array:
        """How far the one-sided bound of that confidence is from the mean."""
        import numpy as np
        from scipy.special import stdtrit

        return np.asarray(stdtrit(np.maximum(self.freedom, 1e-9), level) * self.error)

    def at(self, places: NDArray[np.bool_]) -> Means:
        """Those of some slices."""
        return Means(*(getattr(self, one)[places] for one in ("value", "error", "freedom", "rows", "clusters")))

    def enough(self, rows: int = FEWEST_ROWS) -> NDArray[np.bool_]:
        """Which slices have rows and days enough for their interval to keep its level (see `interval`)."""
        import numpy as np

        many = (self.rows >= rows) & (self.clusters >= FEWEST_CLUSTERS) & (self.freedom + 1 >= FEWEST_EQUAL)
        return np.asarray(many & np.isfinite(self.error))

    def chances(self, bar: float) -> Array:
        """The p-values of `above`, and 1 for a slice that has too few rows or days to say anything."""
        import numpy as np

        return np.where(self.enough(), self.above(bar), 1.0)

    def _tail(self, short: Array) -> Array:
        import numpy as np
        from scipy.special import stdtr

        with np.errstate(divide="ignore", invalid="ignore"):
            found = stdtr(np.maximum(self.freedom, 1e-9), short / self.error)
        # values that never vary: sure, if they are on the other side at all
        found = np.where(self.error == 0, np.where(short < 0, 0.0, 1.0), found)
        return np.asarray(np.where(np.isnan(found), 1.0, found))


@dataclass(frozen=True, eq=False)
class Held:
    """Each slice held against a bar: which are surely below, which surely above, and the intervals that say so."""

    below: NDArray[np.bool_]
    above: NDArray[np.bool_]
    low: Array
    high: Array
    p_below: Array
    p_above: Array


def hold(means: Means, bar: float, level: float = LEVEL) -> Held:
    """Hold every slice against the bar, so that both answers about all of them together are rarely wrong.

    *All are below*: if each alone is, at `level`. No correction: where one is not below, all seem so only if that very
    one does (an intersection-union test; Berger, Technometrics 24 (1982) 295-300). *Some are above*: by Holm's method,
    so that where none is, any seems so at most `1 - level` of the time. `high` is the bound of the first answer and
    `low` that of the second, at the level at which Holm tests the slice: a slice is said to be on one side if and only
    if its interval is.

    >>> import numpy as np
    >>> m = Means(np.array([0.0, 3.0]), np.ones(2), np.full(2, 29.0), np.array([500, 500]), np.array([30, 30]))
    >>> held = hold(m, bar=1.0)
    >>> held.high.round(2).tolist(), held.low.round(2).tolist(), held.above.tolist(), held.below.tolist()
    ([1.7, 4.7], [-2.05, 0.95], [False, False], [False, False])
    """
    import numpy as np

    p_above, p_below = means.above(bar), means.below(bar)
    levels = np.array(holm(p_above.tolist(), 1 - level))
    low, high = means.value - means.reach(1 - levels), means.value + means.reach(level)
    return Held(p_below < 1 - level, p_above <= levels, low, high, p_below, p_above)


def by_code(values: Array, clusters: Whole, codes: Whole, slices: int) -> Sums:
    """The sums of slices that do not overlap: `codes` has the number of each row's slice, or -1 for none.

    >>> import numpy as np
    >>> day, code = np.array([0, 0, 1, 1]), np.array([0, 1, 1, -1])
    >>> by_code(np.array([1.0, 2.0, 3.0, 9.0]), day, code, 2).total.tolist()
    [[1.0, 0.0], [2.0, 3.0]]
    """
    import numpy as np

    names, days = np.unique(clusters, return_inverse=True)
    kept = codes >= 0
    if not kept.all():
        values, days, codes = values[kept], days[kept], codes[kept]
    shape = (slices, len(names))
    cells = codes * len(names) + days
    size = shape[0] * shape[1]
    count, total = (
        np.bincount(cells, weights=weights, minlength=size).reshape(shape) for weights in (np.ones(len(cells)), values)
    )
    return Sums(count.astype(np.float64), total.astype(np.float64, copy=False))


def by_mask(values: Array, clusters: Whole, masks: Sequence[NDArray[np.bool_]]) -> Sums:
    """The sums of slices that may overlap: each mask says of every row whether it belongs."""
    import numpy as np

    names, days = np.unique(clusters, return_inverse=True)
    count, total = np.zeros((2, len(masks), len(names)))
    for place, mask in enumerate(masks):
        of = days[mask]
        count[place] = np.bincount(of, minlength=len(names))
        total[place] = np.bincount(of, weights=values[mask], minlength=len(names))
    return Sums(count, total)


def together(parts: Sequence[Sums]) -> Sums:
    """All slices of several sums over the same rows, one after the other."""
    import numpy as np

    return Sums(np.concatenate([one.count for one in parts]), np.concatenate([one.total for one in parts]))


def means(sums: Sums) -> Means:
    """The mean of each slice with its cluster-robust error: what `interval.estimate` finds for its rows alone.

    Only the spread between days counts: `variance = (G - 1) / G * sum over days of (sum of influences / (1 - the
    day's share))^2` with `G` the days that the slice has rows of, and t has as many degrees of freedom as equal days
    would say as much, less one. All of it follows from counts and sums by slice and day, so that fifty slices cost
    little more than one. Sources: see `interval.estimate`.

    >>> import numpy as np
    >>> day, loss = np.array([0, 0, 1, 1, 2, 2]), np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    >>> found = means(by_code(loss, day, np.array([0, 0, 0, 0, 0, 1]), 2))
    >>> found.value.tolist(), found.clusters.tolist()  # 1.8 of five rows, and one row of one day
    ([1.8, 3.0], [3, 1])
    """
    import numpy as np

    rows = sums.count.sum(axis=1)
    clusters = (sums.count > 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = sums.total.sum(axis=1) / rows
        share = sums.count / rows[:, None]
        influence = (sums.total - value[:, None] * sums.count) / rows[:, None]
        variance = (clusters - 1) / clusters * np.nansum((influence / (1 - share)) ** 2, axis=1)
        freedom = 1 / np.sum(share**2, axis=1) - 1
    error = np.where(clusters > 1, np.sqrt(variance), np.nan)
    return Means(value, error, np.nan_to_num(freedom), rows.astype(np.int64), clusters)
