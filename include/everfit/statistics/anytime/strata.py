"""Two streams in the same stretches of time, so that what changes in time is no difference between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Strata:
    """In which block each entry of two streams is (-1: in none yet), and how many of each there are in each block."""

    ours: Places
    theirs: Places
    rows: Array
    other_rows: Array

    def sums(self, ours: Array, theirs: Array) -> tuple[Array, Array]:
        """The sum of each stream's values in each block."""
        return _summed(ours, self.ours, len(self.rows)), _summed(theirs, self.theirs, len(self.rows))

    def means(self, ours: Array, theirs: Array) -> tuple[Array, Array]:
        """The mean of each stream's values in each block."""
        first, second = self.sums(ours, theirs)
        return first / self.rows, second / self.other_rows

    @property
    def weight(self) -> Array:
        """What a block can say of a difference of means: half the harmonic mean of its rows."""
        return self.rows * self.other_rows / (self.rows + self.other_rows)


def strata(at: Array, other_at: Array, span: float, growth: float = 0.0) -> Strata:
    """Cut time into blocks of whole stretches of `span` seconds, each with at least one entry of both streams.

    With `span` 0 a stretch is a moment: what has the same time stays together. `growth` makes each block have at least
    so large a part of all the entries before it, so that there are never many blocks. Where blocks end depends on the
    times alone, and a block that has ended is never cut again. The last stretch is open, and its block only counts if
    it has both.

    >>> import numpy as np
    >>> cut = strata(np.array([0.0, 1.0, 12.0]), np.array([0.5, 21.0, 31.0]), 10)
    >>> cut.ours, cut.theirs, cut.rows, cut.other_rows
    (array([0, 0, 1]), array([ 0,  1, -1]), array([2., 1.]), array([1., 1.]))
    """
    import numpy as np

    both = np.concatenate([at, other_at])
    place, stretches = _numbered(np.floor(both / span) if span else both)
    ours, theirs = place[: len(at)], place[len(at) :]
    counts = [np.bincount(part, minlength=stretches) for part in (ours, theirs)]
    ends = _ends(np.cumsum(counts[0]).tolist(), np.cumsum(counts[1]).tolist(), growth)
    block = np.searchsorted(np.array(ends, dtype=np.int64), np.arange(stretches), side="right")
    block = np.where(block < len(ends), block, -1)
    rows = [_summed(number.astype(np.float64), block, len(ends)) for number in counts]
    return Strata(block[ours], block[theirs], rows[0], rows[1])


def _numbered(stretches: Array) -> tuple[Places, int]:
    """Each one's place among the different ones, and how many there are: fast where they are nearly in order."""
    import numpy as np

    order = np.argsort(stretches, kind="stable")
    ordered = stretches[order]
    new = np.concatenate([np.zeros(min(len(ordered), 1), dtype=np.int64), np.cumsum(ordered[1:] != ordered[:-1])])
    place = np.empty(len(stretches), dtype=np.int64)
    place[order] = new
    return place, int(new[-1]) + 1 if len(new) else 0


def _ends(ours: list[int], theirs: list[int], growth: float) -> list[int]:
    """After which stretches a block ends; of how many entries there were by the end of each stretch."""
    from bisect import bisect_right

    found: list[int] = []
    before, other_before, stretch = 0, 0, 0
    while True:
        place = bisect_right(ours, before + int(growth * before), stretch)
        stretch = bisect_right(theirs, other_before + int(growth * other_before), place)
        if stretch >= len(ours):
            return found
        before, other_before = ours[stretch], theirs[stretch]
        stretch += 1
        found.append(stretch)


def _summed(values: Array, places: Places, blocks: int) -> Array:
    import numpy as np

    return np.asarray(np.bincount(places + 1, weights=values, minlength=blocks + 1)[1:], dtype=np.float64)
