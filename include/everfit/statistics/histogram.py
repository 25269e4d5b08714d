"""What a column of numbers held: counts in bins that were learnt once, and a few sums; both of batches add up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BINS = 20
"""Of about equal size in the reference: enough to see a tail move, few enough for a hundred rows to fill them."""

CHUNK = 1 << 16
"""Values looked at together: they stay in the processor's cache while they are compared with each edge in turn."""


@dataclass(frozen=True)
class Bins:
    """Where the bins of a column begin, as learnt from the values of a reference.

    Bin `i` holds the values from `edges[i - 1]` to below `edges[i]`. The first is open below, the last above; in the
    reference both are empty, so values that were never seen are counted apart. `places` has for each bin the mean of
    the reference's values in it, by which distances along the line are measured, `centre` the mean of all.

    >>> import numpy as np
    >>> bins = Bins.learn(np.arange(1.0, 101.0), bins=4)
    >>> bins.edges[:4], bins.places
    ((1.0, 26.0, 51.0, 76.0), (1.0, 13.0, 38.0, 63.0, 88.0, 100.0))
    >>> bins.count(np.array([0.0, 1.0, 25.9, 26.0, np.nan, np.inf])).counts
    (1, 2, 1, 0, 0, 0)
    """

    edges: tuple[float, ...]
    places: tuple[float, ...]
    centre: float

    @classmethod
    def learn(cls, values: NDArray[Any], bins: int = BINS) -> Bins:
        """Bins of about equal size; a value that fills more than one alone has a bin of its own.

        Where there are no more than `bins` different values, each has its own. Missing and infinite values teach
        nothing. Sorts the values once; a column without any finite one has a single bin.
        """
        import numpy as np

        ordered = np.sort(finite(values))
        if not len(ordered):
            return cls((), (0.0,), 0.0)
        begins = _begins(ordered, bins)
        at = np.searchsorted(ordered, begins)
        means = np.add.reduceat(ordered, at) / np.diff(np.r_[at, len(ordered)])
        places = np.r_[ordered[0], np.clip(means, ordered[0], ordered[-1]), ordered[-1]]
        edges = np.r_[begins, np.nextafter(ordered[-1], inf)]
        return cls(tuple(edges.tolist()), tuple(places.tolist()), float(ordered.mean()))

    def count(self, values: NDArray[Any]) -> Histogram:
        """What `values` hold, in one pass: floats of either size, whole numbers or truth values; missing is NaN.

        Rather than to look up each value's bin, all values are compared with each edge: with some twenty edges that is
        ten times as fast, since comparing is what processors do to many values at a time. Floats of 32 bits are
        compared as such, with edges rounded up to that size, which decides no value otherwise.
        """
        held = self.empty()
        return held.merged(*(_count(self, part) for part in _parts(values)))

    def empty(self) -> Histogram:
        """What no values hold."""
        return Histogram(self, (0,) * len(self.places), 0, 0, 0.0, 0.0, inf, -inf)


@dataclass(frozen=True)
class Histogram:
    """How many values fell in each bin, how many were `missing` or `infinite`, and the sums that give mean and spread.

    `total` and `squares` are the sums of `value - centre` and of its square over the finite values, `low` and `high`
    the least and the greatest of them.

    >>> import numpy as np
    >>> bins = Bins.learn(np.array([0.0, 1.0, 1.0, 2.0]))
    >>> held = bins.count(np.array([1.0, 2.0])).merged(bins.count(np.array([1.0, np.nan, 5.0])))
    >>> held.counts, held.missing, held.rows, held.mean, held.low, held.high
    ((0, 0, 2, 1, 1), 1, 5, 2.25, 1.0, 5.0)
    """

    bins: Bins
    counts: tuple[int, ...]
    missing: int
    infinite: int
    total: float
    squares: float
    low: float
    high: float

    @property
    def finite(self) -> int:
        """How many values are numbers."""
        return sum(self.counts)

    @property
    def cells(self) -> tuple[int, ...]:
        """Where every row is: in one of the bins, missing, or infinite."""
        return (*self.counts, self.missing, self.infinite)

    @property
    def rows(self) -> int:
        """How many rows there were."""
        return sum(self.cells)

    @property
    def mean(self) -> float:
        """The mean of the finite values; NaN without any."""
        return self.bins.centre + self.total / self.finite if self.finite else nan

    @property
    def deviation(self) -> float:
        """The standard deviation of the finite values; NaN without any."""
        if not self.finite:
            return nan
        return sqrt(max(self.squares / self.finite - (self.total / self.finite) ** 2, 0.0))

    def merged(self, *others: Histogram) -> Histogram:
        """What all of them held together: counts and ends are exact, sums to rounding."""
        if any(other.bins != self.bins for other in others):
            raise ValueError("histograms of different bins do not add up: count both with the bins of the reference")
        every = (self, *others)
        return Histogram(
            self.bins,
            tuple(map(sum, zip(*(one.counts for one in every), strict=True))),
            sum(one.missing for one in every),
            sum(one.infinite for one in every),
            sum(one.total for one in every),
            sum(one.squares for one in every),
            min(one.low for one in every),
            max(one.high for one in every),
        )


def finite(values: NDArray[Any]) -> Array:
    """The values that are numbers, as floats of 64 bits."""
    import numpy as np

    wide = values.astype(np.float64)
    return np.asarray(wide[np.isfinite(wide)], dtype=np.float64)


def _begins(ordered: Array, bins: int) -> Array:
    """Where bins begin: at each different value, or at quantiles, and after a value that is several of them."""
    import numpy as np

    distinct = ordered[np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])]
    if len(distinct) <= bins:
        return np.asarray(distinct, dtype=np.float64)
    at = ordered[np.arange(bins) * len(ordered) // bins]
    heavy = at[1:][at[1:] == at[:-1]]
    after = np.minimum(np.searchsorted(distinct, heavy) + 1, len(distinct) - 1)
    return np.unique(np.r_[at, distinct[after]])


def _parts(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The values in parts that fit in the cache, as floats."""
    import numpy as np

    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        yield part if part.dtype == np.float32 else part.astype(np.float64, copy=False)


def _count(bins: Bins, values: NDArray[Any]) -> Histogram:
    """What a part holds. One sum tells whether all its values are finite, as most often they are."""
    import numpy as np

    rows = len(values)
    away = values.astype(np.float64) - bins.centre
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(away.sum())
        missing = 0
        if not np.isfinite(total):
            missing = int(np.count_nonzero(np.isnan(values)))
            values = values[np.isfinite(values)]
            away = values.astype(np.float64) - bins.centre
            total = float(away.sum())
        squares = float(np.square(away, out=away).sum())
    below = [*_below(bins.edges, values), len(values)]
    counts = tuple(upto - before for before, upto in zip([0, *below], below, strict=False))
    low, high = (float(values.min()), float(values.max())) if len(values) else (inf, -inf)
    return Histogram(bins, counts, missing, rows - missing - len(values), total, squares, low, high)


def _below(edges: tuple[float, ...], values: NDArray[Any]) -> Iterator[int]:
    """How many values are below each edge."""
    import numpy as np

    under = np.empty(len(values), dtype=bool)
    for edge in _of_size(edges, values.dtype):
        np.less(values, edge, out=under)
        yield int(np.count_nonzero(under))


def _of_size(edges: tuple[float, ...], kind: np.dtype[Any]) -> NDArray[Any]:
    """The edges as floats of that size, rounded up: a value of that size is below one as it is below the other."""
    import numpy as np

    wide = np.array(edges, dtype=np.float64)
    with np.errstate(over="ignore"):
        near = wide.astype(kind)
        return np.where(near < wide, np.nextafter(near, kind.type(inf)), near)
