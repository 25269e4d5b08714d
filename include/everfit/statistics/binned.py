"""A mean as a function of a few columns: one broken line for each, learnt from the past, with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

KNOTS = 20
PER_KNOT = 100
"""So many rows at least for each knot of a line."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Broken lines over columns, with corners (`knots[c]`) at quantiles of the past; beyond the ends they are flat."""

    knots: tuple[Array, ...]

    @classmethod
    def over(cls, columns: Array) -> Lines:
        """Lines for columns of shape `(rows, columns)`; fewer corners where there are few rows or few values."""
        import numpy as np

        count = int(np.clip(len(columns) // PER_KNOT, 2, KNOTS))
        return cls(tuple(np.unique(np.quantile(column, np.linspace(0, 1, count))) for column in columns.T))

    @property
    def size(self) -> int:
        """How many corners all lines have."""
        return sum(map(len, self.knots))

    def design(self, columns: Array) -> Any:
        """A sparse matrix, rows by corners: how near each row is to the two corners next to it, 1 in all per column."""
        import numpy as np
        from scipy.sparse import csr_array

        places, shares, start = [], [], 0
        for knots, column in zip(self.knots, columns.T, strict=True):
            at = np.interp(column, knots, np.arange(len(knots)))
            left = np.minimum(at.astype(np.int64), max(len(knots) - 2, 0))
            right = np.minimum(left + 1, len(knots) - 1)
            places += [start + left, start + right]
            shares += [1 - (at - left), at - left]
            start += len(knots)
        rows, width = len(columns), len(places)
        indices = np.stack(places, axis=1).ravel()
        values = np.stack(shares, axis=1).ravel()
        return csr_array((values, indices, np.arange(rows + 1) * width), shape=(rows, self.size))


@dataclass(frozen=True, eq=False)
class Learnt:
    """The height of each corner, and how much each day of the past moves it: shape `(days, corners)`."""

    lines: Lines
    heights: Array
    moved: Array

    def at(self, columns: Array) -> Array:
        """The mean that is expected for each row."""
        import numpy as np

        return np.asarray(self.lines.design(columns) @ self.heights)


def learn(lines: Lines, columns: Array, target: Array, days: NDArray[np.int64]) -> Learnt:
    """Fit the lines to a target by least squares; they add up. Rows of one day may depend on each other in any way.

    Source: Liang and Zeger, Biometrika 73 (1986) 13-22 (how much each day moves a regression).

    >>> import numpy as np
    >>> x = np.linspace(0, 1, 1000)
    >>> found = learn(Lines.over(x[:, None]), x[:, None], x**2, np.arange(1000) % 10)
    >>> found.at(np.array([[0.5], [2.0]])).round(2).tolist()  # flat beyond what was seen
    [0.25, 1.0]
    """
    import numpy as np

    design = lines.design(columns)
    inverse = np.linalg.pinv((design.T @ design).toarray(), hermitian=True)
    heights = inverse @ (design.T @ target)
    return Learnt(lines, np.asarray(heights), by_day(design, target - design @ heights, days) @ inverse)


def by_day(design: Any, residuals: Array, days: NDArray[np.int64]) -> Array:
    """Sums over the rows of each day: residuals times how near the rows are to each corner."""
    import numpy as np
    from scipy.sparse import csr_array

    _, codes = np.unique(days, return_inverse=True)
    belongs = csr_array((residuals, (codes, np.arange(len(codes)))), shape=(int(codes.max()) + 1, len(codes)))
    return np.asarray((belongs @ design).toarray())
