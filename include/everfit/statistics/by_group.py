"""Shares of groups of rows on the same days: what each rests on, and how they go together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from everfit.statistics.proportions import Share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ByDay:
    """Of each group (rows of the arrays) on each day (columns): how many rows count, and how many of these have it."""

    rows: Array
    hits: Array

    @cached_property
    def value(self) -> Array:
        """The share of each group; NaN without rows."""
        import numpy as np

        with np.errstate(invalid="ignore"):
            return np.asarray(self.hits.sum(axis=1) / self.total)

    @cached_property
    def total(self) -> Array:
        """The rows of each group."""
        import numpy as np

        return np.asarray(self.rows.sum(axis=1))

    @cached_property
    def days(self) -> Array:
        """On how many days each group has rows."""
        import numpy as np

        return np.asarray((self.rows > 0).sum(axis=1))

    @cached_property
    def equal(self) -> Array:
        """How many days of equal size would say as much (see `everfit.statistics.interval.effective`)."""
        import numpy as np

        with np.errstate(invalid="ignore"):
            return np.asarray(self.total**2 / (self.rows**2).sum(axis=1))

    @cached_property
    def moved(self) -> Array:
        """How much each day moves each share: its rows' influences, added up as `everfit.statistics.interval` does."""
        import numpy as np

        with np.errstate(invalid="ignore", divide="ignore"):
            sums = (self.hits - self.value[:, None] * self.rows) / self.total[:, None]
            return np.asarray(sums / (1 - self.rows / self.total[:, None]))

    @cached_property
    def share(self) -> Share:
        """Each share with its effective rows: its rows over their design effect, which is at least 1.

        The design effect is the variance that the spread between days gives over that of independent rows, or, if
        that is more, what it would be if the group's rows went together within days as those of all groups do on
        average (Kish: `1 + (rows of a day - 1) * correlation`). A group whose days happened to be alike is not
        believed more than all groups together, and one in which nobody or everybody has it, so that there is no
        spread to see, is taken for one like the others. If there is no other, each day counts as one row.

        Sources: Kish, Survey Sampling (1965), section 5.4; Rao and Scott, Biometrics 48 (1992) 577-585.
        """
        import numpy as np

        a_day = (self.rows**2).sum(axis=1) / self.total
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = (self.days - 1) / self.days * np.sum(self.moved**2, axis=1)
            effect = variance * self.total / (self.value * (1 - self.value))
            together = (effect - 1) / (a_day - 1)
        known = np.isfinite(together)
        usual = np.average(together[known], weights=self.total[known]) if known.any() else 1.0
        effect = np.fmax(effect, 1 + (a_day - 1) * np.clip(usual, 0.0, 1.0))
        return Share(self.value, self.total / np.maximum(effect, 1.0), self.equal - 1)

    @cached_property
    def correlation(self) -> Array:
        """How the shares of any two groups go together over the days, from -1 to 1; 0 where one does not vary."""
        import numpy as np

        length = np.sqrt(np.sum(self.moved**2, axis=1))
        both = np.outer(length, length)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(both > 0, self.moved @ self.moved.T / both, 0.0))

    def with_rest(self) -> ByDay:
        """The groups, and after them for each group all others together."""
        import numpy as np

        return ByDay(*(np.vstack([part, part.sum(axis=0) - part]) for part in (self.rows, self.hits)))

    def of(self, groups: NDArray[np.int64]) -> ByDay:
        """Some of the groups."""
        return ByDay(self.rows[groups], self.hits[groups])


def by_day(
    groups: NDArray[np.int64],
    count: int,
    clusters: NDArray[np.int64],
    has: NDArray[np.bool_],
    counts: NDArray[np.bool_],
) -> ByDay:
    """Count rows by group (whole numbers below `count`) and day; of those that count, which have it.

    >>> import numpy as np
    >>> found = by_day(np.array([0, 0, 1, 1]), 2, np.array([7, 8, 7, 7]), np.array([True, False, True, True]),
    ...                np.full(4, True))
    >>> found.rows.tolist(), found.hits.tolist(), found.value.tolist()
    ([[1.0, 1.0], [2.0, 0.0]], [[1.0, 0.0], [2.0, 0.0]], [0.5, 1.0])
    """
    import numpy as np

    days, day = np.unique(clusters, return_inverse=True)
    cell = groups * len(days) + day

    def table(chosen: NDArray[np.bool_]) -> Array:
        cells = np.bincount(cell[chosen], minlength=count * len(days))
        return cells.reshape(count, len(days)).astype(np.float64)

    return ByDay(table(counts), table(counts & has))
