"""What a figure will be, from sums that add up over parts of the data, and how far the labels may put it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from everfit.statistics.interval import LEVEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimated:
    """A figure before its labels came, with one-sided bounds of what it will be found to be once they have.

    `blind_to` goes with it wherever it is shown: should the same inputs mean something else than they did, which is
    what hurts most, the estimate cannot know. `by_chance` is the part of the standard error that comes from the labels
    of these rows, `by_learning` the part from the labels of the past that it was learnt from.
    """

    value: float
    low: float
    high: float
    rows: int
    by_chance: float
    by_learning: float
    level: float = LEVEL
    blind_to: str = field(default="concept drift", init=False)

    @property
    def error(self) -> float:
        """The standard error: of both parts."""
        return float((self.by_chance**2 + self.by_learning**2) ** 0.5)


@dataclass(frozen=True, eq=False)
class Expected:
    """The expected figure of some rows: one sum over another, as a mean is, or a recall.

    `sums`: both, as expected. `spread`: their variances and covariance, shape `(2, 2)`, were rows independent.
    `shared`: what days add to these for each unit of variance of their shocks, one for each kind of shock, `(kinds, 2,
    2)`. `leans`: how much each corner of what was learnt moves the sums, `(2, corners)`. All add up, so a window is
    `merged` from parts that were read once; a day that is in two parts counts as two.
    """

    sums: Array
    spread: Array
    shared: Array
    leans: Array
    rows: int

    def merged(self, other: Expected) -> Expected:
        """These rows and the others."""
        return Expected(
            self.sums + other.sums,
            self.spread + other.spread,
            self.shared + other.shared,
            self.leans + other.leans,
            self.rows + other.rows,
        )

    def estimated(self, moved: Array, shocks: Array, level: float = LEVEL) -> Estimated:
        """The figure with its bounds (see `bounded`); `shocks` has the variance of each kind."""
        import numpy as np

        above, below = map(float, self.sums)
        if below <= 0:
            raise ValueError(f"of {self.rows} rows none counts: there is nothing to take the mean of")
        value = above / below
        turn = np.array([1.0, -value]) / below
        spread = self.spread + np.tensordot(shocks, self.shared, axes=1)
        return bounded(value, float(turn @ spread @ turn), moved @ (turn @ self.leans), self.rows, level)


def bounded(value: float, variance: float, by_past_day: Array, rows: int, level: float = LEVEL) -> Estimated:
    """Bounds from the variance of the rows' labels, and from how much each day of the past moved what was learnt.

    Student's t with as many degrees of freedom as the past has days, less one: it says how much days differ.
    """
    import numpy as np
    from scipy.special import stdtrit

    days = len(by_past_day)
    if days < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError(f"an interval needs at least 2 days to learn from, found {days}")
    learning = float(np.sum(by_past_day**2)) * days / (days - 1)
    reach = float(stdtrit(days - 1, level)) * float(np.sqrt(variance + learning))
    return Estimated(value, value - reach, value + reach, rows, float(variance**0.5), float(learning**0.5), level)
