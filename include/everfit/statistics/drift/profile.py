"""What a column held, cluster by cluster (days, batches), in sums that add up: they tell how much clusters differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.histogram import Histogram
from everfit.statistics.tally import Tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Held = Histogram | Tally


@dataclass(frozen=True, eq=False)
class Profile:
    """The sums over clusters of `c`, the rows in each cell, weighted by `w`: of w c, of w^2 c, and of w^2 c c'.

    That is all that the shares, their variance within clusters and their covariance between clusters need, so a profile
    of years is as large as one of a day. `held` is what all of them held together, unweighted.

    A reference matched to a season is the profile of some of the batches, or of all with more weight on some.

    >>> from everfit.statistics.tally import Categories
    >>> known = Categories(("a", "b"))
    >>> june, july = known.count(["a", "b"]), known.count(["a", "a", "a", "b"])
    >>> profile = Profile.of(june, weight=2).merged(Profile.of(july))
    >>> profile.shares.tolist(), profile.rows, profile.clusters
    ([0.625, 0.375, 0.0, 0.0], 5.333333333333333, 2)
    """

    held: Held
    counts: Array
    squares: Array
    products: Array
    clusters: int

    @classmethod
    def of(cls, held: Held, weight: float = 1.0) -> Profile:
        """The profile of one cluster; without any row it is none."""
        import numpy as np

        cells = np.array(held.cells, dtype=np.float64)
        squares = weight**2 * cells
        return cls(held, weight * cells, squares, np.outer(squares, cells), int(weight > 0 and held.rows > 0))

    @property
    def shares(self) -> Array:
        """The share of rows in each cell."""
        return self.counts / max(float(self.counts.sum()), 1.0)

    @property
    def rows(self) -> float:
        """How many rows of equal weight would say as much.

        Source: Kish, Survey Sampling (1965), section 11.7.
        """
        return float(self.counts.sum()) ** 2 / max(float(self.squares.sum()), 1e-300)

    def merged(self, *others: Profile) -> Profile:
        """That of all clusters together; no cluster may be in two of them."""
        every = (self, *others)
        first, *rest = (one.held for one in every)
        return Profile(
            first.merged(*rest),  # type: ignore[arg-type]  # of one column: all histograms, or all tallies
            sum((one.counts for one in others), self.counts),
            sum((one.squares for one in others), self.squares),
            sum((one.products for one in others), self.products),
            sum(one.clusters for one in every),
        )
