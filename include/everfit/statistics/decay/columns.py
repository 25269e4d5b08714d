"""The rows of a window as columns, and what one column looks like, in few numbers that can be kept with a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

GRID = tuple(place / 50 for place in range(1, 50))
"""The quantiles that a look holds: 2 % to 98 %, so that a few wild values do not matter."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column: a value per row, NaN where it is missing; of a category, the place of its name in `categories`."""

    name: str
    values: Array
    categories: tuple[str, ...] = ()

    def of(self, rows: Whole) -> Column:
        """Some of its rows."""
        return Column(self.name, self.values[rows], self.categories)

    def named_as(self, other: Column) -> Array:
        """The values, with categories numbered as in `other`; names that it does not have get the number after them."""
        import numpy as np

        if not other.categories:
            return self.values
        place = {name: code for code, name in enumerate(other.categories)}
        codes = np.array([place.get(name, len(place)) for name in self.categories] + [np.nan], dtype=np.float64)
        return np.asarray(codes[np.where(np.isnan(self.values), len(self.categories), self.values).astype(np.int64)])


@dataclass(frozen=True, eq=False)
class Window:
    """Rows that one model answered: their columns, clusters (days) and, once labels have come, labels and losses.

    `scores` has P(1), the predicted quantity, or a column of probabilities per class. `y` has numbers of classes from
    0, or quantities. A reference always has labels.
    """

    columns: tuple[Column, ...]
    clusters: Whole
    scores: Array
    y: Array | None = None
    losses: Array | None = None

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.clusters)

    def of(self, rows: Whole) -> Window:
        """Some of its rows."""
        columns = tuple(column.of(rows) for column in self.columns)
        y, losses = (None if side is None else side[rows] for side in (self.y, self.losses))
        return Window(columns, self.clusters[rows], self.scores[rows], y, losses)


@dataclass(frozen=True, eq=False)
class Look:
    """What a column looks like: how many rows, how many without a value, and where the values lie.

    A quantity has the `quantiles` at `GRID`, its commonest value `top` and the share of that, and how many different
    values there are; a category has the `names` that occur and how often each. Any sketch that has quantiles and
    counts can make one. `missing_error` is the standard error of the missing share, by cluster.
    """

    rows: int
    missing: float
    missing_error: float
    quantiles: Array
    top: float
    top_share: float
    distinct: int
    names: tuple[str, ...]
    counts: Array

    @property
    def there(self) -> float:
        """How many rows have a value."""
        return self.rows * (1 - self.missing)

    @property
    def spread(self) -> float:
        """The standard deviation of the quantiles."""
        return float(self.quantiles.std()) if len(self.quantiles) else 0.0


def look(column: Column, clusters: Whole) -> Look:
    """Look at one column.

    >>> import numpy as np
    >>> seen = look(Column("gate", np.array([0.0, 1.0, 1.0, np.nan]), ("A", "B")), np.arange(4))
    >>> seen.missing, seen.names, seen.counts.tolist()
    (0.25, ('A', 'B'), [1.0, 2.0])
    """
    import numpy as np

    gone = np.isnan(column.values)
    missing, error = float(gone.mean()), _error_of_share(gone, clusters)
    values, counts = np.unique(column.values[~gone], return_counts=True)
    share = float(counts.max() / counts.sum()) if len(counts) else 0.0
    top = float(values[counts.argmax()]) if len(counts) else float("nan")
    base = (len(gone), missing, error)
    if column.categories:
        names = tuple(column.categories[int(code)] for code in values)
        return Look(*base, np.zeros(0), top, share, len(values), names, counts.astype(np.float64))
    quantiles = _quantiles(values, counts) if len(values) else np.zeros(0)
    return Look(*base, quantiles, top, share, len(values), (), np.zeros(0))


def _quantiles(values: Array, counts: Whole) -> Array:
    import numpy as np

    return np.asarray(np.repeat(values, counts)[(np.array(GRID) * (counts.sum() - 1)).astype(np.int64)])


def _error_of_share(yes: NDArray[np.bool_], clusters: Whole) -> float:
    """The standard error of a share by cluster, and never less than that of as many rows of an even chance of 1 %."""
    import numpy as np

    codes = np.unique(clusters, return_inverse=True)[1]
    sizes = np.bincount(codes)
    off = np.bincount(codes, weights=yes) - yes.mean() * sizes
    return float(np.sqrt(max(float(np.sum(off**2)) / len(yes) ** 2, 0.01 * 0.99 / len(yes))))
