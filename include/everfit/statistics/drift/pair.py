"""A reference and a window, cell by cell: their shares, and how the difference varies if nothing drifted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, nan
from typing import TYPE_CHECKING

from everfit.statistics.drift.laws import Law, quadratic
from everfit.statistics.histogram import Histogram

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.drift.profile import Profile

    Array = NDArray[np.float64]
    Places = NDArray[np.int64]

FULL = 5.0
"""Rows that a cell should hold in the smaller sample for chi-squared to be near (Cochran, Biometrics 10 (1954) 417)."""

FEWEST_CLUSTERS = 3
"""With fewer clusters nobody knows how much they differ; rows then count as independent."""


@dataclass(frozen=True, eq=False)
class Sums:
    """The sums of a profile for some cells, or for cells put together."""

    counts: Array
    squares: Array
    products: Array
    clusters: int

    @classmethod
    def of(cls, profile: Profile) -> Sums:
        """Those of all cells."""
        return cls(profile.counts, profile.squares, profile.products, profile.clusters)

    def first(self, cells: int) -> Sums:
        """Those of the first cells alone."""
        return Sums(self.counts[:cells], self.squares[:cells], self.products[:cells, :cells], self.clusters)

    def together(self, begins: Places) -> Sums:
        """Those of neighbouring cells together; each new one begins at one of the old."""
        import numpy as np

        def added(sums: Array, axis: int = 0) -> Array:
            return np.asarray(np.add.reduceat(sums, begins, axis=axis), dtype=np.float64)

        return Sums(added(self.counts), added(self.squares), added(added(self.products), 1), self.clusters)

    @property
    def total(self) -> float:
        """The weighted rows."""
        return float(self.counts.sum())

    @property
    def rows(self) -> float:
        """How many rows of equal weight would say as much; see `Profile.rows`."""
        return self.total**2 / float(self.squares.sum())

    @property
    def size(self) -> float:
        """How many rows share the cluster of a row, on average over rows."""
        return float(self.products.sum() / self.squares.sum())


@dataclass(frozen=True, eq=False)
class Pair:
    """The shares of both in the same cells, and `pooled`, with the covariance of the difference if nothing drifted.

    `freedom` is how well that is known: the clusters of the reference less one, or infinite for independent rows. For
    numbers, `places` says where cells are on the line and `spread` what their standard deviation was in the reference.
    """

    reference: Array
    window: Array
    rows: tuple[float, float]
    pooled: Array
    covariance: Array
    freedom: float
    places: Array | None = None
    spread: float = nan

    @cached_property
    def law(self) -> Law:
        """The law of the sum of squared differences, each over its share in both together, if nothing drifted."""
        if self.freedom == inf:  # all directions vary alike: nothing to work out
            return Law(sum(1 / rows for rows in self.rows), len(self.pooled) - 1.0)
        return quadratic(self.covariance, self.pooled, self.freedom)


def pair(reference: Profile, window: Profile) -> Pair | None:
    """All cells, those with few rows put together with neighbours; None if there is but one or a side is empty.

    Which are put together depends on both samples in the same way, through their sum, and so on no difference.
    """
    if not (reference.clusters and window.clusters):
        return None
    one, two = Sums.of(reference), Sums.of(window)
    begins = _full((one.rows * reference.shares + two.rows * window.shares) / (one.rows + two.rows), one, two)
    return _pair(one.together(begins), two.together(begins)) if len(begins) > 1 else None


def line(reference: Profile, window: Profile) -> Pair | None:
    """The bins of a column of numbers, in order, without what is missing or infinite; None as above, and for texts."""
    import numpy as np

    held = reference.held
    if not isinstance(held, Histogram):
        return None
    places = np.array(held.bins.places)
    one, two = Sums.of(reference).first(len(places)), Sums.of(window).first(len(places))
    if not (one.total and two.total) or len(places) == 1:
        return None
    return _pair(one, two, places, held.deviation)


def _full(pooled: Array, one: Sums, two: Sums) -> Places:
    """Where cells begin, if each shall hold enough of the smaller sample; what is left at the end joins the last."""
    import numpy as np

    begins: list[int] = []
    upto = 0.0
    need = FULL / min(one.rows, two.rows)
    for cell, share in enumerate(pooled.tolist()):
        if not begins or upto >= need:
            begins.append(cell)
            upto = 0.0
        upto += share
    if len(begins) > 1 and upto < need:
        begins.pop()
    return np.array(begins, dtype=np.int64)


def _pair(one: Sums, two: Sums, places: Array | None = None, spread: float = nan) -> Pair:
    """Both with the covariance of rows that are independent, or of rows that go together by cluster."""
    import numpy as np

    reference, window = one.counts / one.total, two.counts / two.total
    pooled = (one.rows * reference + two.rows * window) / (one.rows + two.rows)
    alone = np.diag(pooled) - np.outer(pooled, pooled)
    covariance, freedom = alone / one.rows + alone / two.rows, inf
    if one.clusters >= FEWEST_CLUSTERS and one.size > 1:
        more = _more(one, pooled)
        covariance += more / one.rows + (two.size - 1) / (one.size - 1) * more / two.rows
        freedom = one.clusters - 1.0
    return Pair(reference, window, (one.rows, two.rows), pooled, covariance, freedom, places, spread)


def _more(one: Sums, pooled: Array) -> Array:
    """How much more shares vary, per row, than those of independent rows would: from how much clusters differ.

    The linearised variance of shares in clusters, which in no direction is taken to be less than that of independent
    rows: few clusters may be alike by chance. What clusters add grows with the rows that share one (Kish's
    1 + (size - 1) rho), so to a window of larger clusters they add more.

    Source: Rao and Scott, J. American Statistical Association 76 (1981) 221-230.
    """
    import numpy as np

    share, rows = one.counts / one.total, one.products.sum(axis=1)
    between = one.products - np.outer(share, rows) - np.outer(rows, share) + rows.sum() * np.outer(share, share)
    root = np.sqrt(pooled)
    inverse = np.divide(1, root, out=np.zeros_like(root), where=root > 0)
    per_row = one.rows * one.clusters / (one.clusters - 1) / one.total**2 * between
    effects, ways = np.linalg.eigh(per_row * np.outer(inverse, inverse))
    return np.asarray((ways * np.maximum(effects - 1, 0)) @ ways.T * np.outer(root, root), dtype=np.float64)
