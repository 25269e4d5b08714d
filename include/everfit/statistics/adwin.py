"""ADWIN: a window over a stream of losses that grows while nothing changes and forgets what is no longer true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

from everfit.statistics.streams import Change, remembered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Bucket = tuple[float, float]
"""The sum of the values in it, and the sum of their squared distances from its mean."""

Rows = list[list[Bucket]]

MOST = 5
"""So many buckets of one size; the two oldest of one more become one of twice the size."""

CLOCK = 32
"""How many values come between two looks for a change."""

SHORTEST = 5
"""A part of the window with fewer values is compared with nothing."""


@dataclass(frozen=True)
class Adwin:
    """The window, in buckets: `rows[i]` has those of `2^i` values, the oldest first.

    Wherever the window can be cut in two parts whose means differ by more than chance explains, the older part is
    dropped: that is a change. It needs no reference, remembers as long as things stay as they are, and takes
    `O(log n)` of memory and time. `seen` can be called with a window at a time; the state between is a value of plain
    numbers, and the same comes out however the stream was cut.

    `delta` is the chance of error of one look, before it is shared among the cuts; `worth` as in `streams.worth`.
    Values lie in [0, 1] (see `streams.scaled`). A change may be for the better: see `Change.worse`.

    Source: Bifet and Gavalda, SIAM International Conference on Data Mining 2007, 443-448: ADWIN2, with the bound that
    uses the variance and ln n cuts.

    >>> import numpy as np
    >>> error = np.r_[np.arange(2000) % 10 == 0, np.arange(1000) % 10 < 3].astype(float)
    >>> state = Adwin().seen(error[:1700]).seen(error[1700:])
    >>> [(change.at, change.worse) for change in state.changes], 900 < state.width < 1100
    ([(2112, True)], True)
    """

    delta: float = 0.002
    worth: float = 1.0
    count: int = 0
    rows: tuple[tuple[Bucket, ...], ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def width(self) -> int:
        """How many values the window has."""
        return sum(len(row) << i for i, row in enumerate(self.rows))

    @property
    def mean(self) -> float:
        """The mean of the window: the loss as it is now."""
        return sum(total for row in self.rows for total, _ in row) / max(self.width, 1)

    def seen(self, values: Iterable[float]) -> Adwin:
        """What it knows after these values."""
        rows = [list(row) for row in self.rows]
        count, changes = self.count, list(self.changes)
        for value in map(float, values):
            _insert(rows, value)
            count += 1
            if count % CLOCK == 0 and (dropped := _shrink(rows, self.delta, self.worth)):
                size, total, _ = _columns(rows)
                kept = int(size.sum())
                change = Change(count, count - kept, dropped[1] / dropped[0], float(total.sum()) / kept)
                changes[-1:] = _told(changes[-1:], change)
        frozen = tuple(tuple(row) for row in rows)
        return replace(self, count=count, rows=frozen, changes=remembered(tuple(changes)))


def _told(last: list[Change], change: Change) -> list[Change]:
    """The window often lets go of what was before a change in several steps: these are one change, seen at the first.

    It is the same change as long as what is left began before the first step.
    """
    for one in last:
        if one.worse == change.worse and change.began <= one.at:
            return [replace(one, began=change.began, after=change.after)]
    return [*last, change]


def _insert(rows: Rows, value: float) -> None:
    if not rows:
        rows.append([])
    rows[0].append((value, 0.0))
    i = 0
    while len(rows[i]) > MOST:
        (one, within), (two, inside) = rows[i][:2]
        del rows[i][:2]
        if len(rows) == i + 1:
            rows.append([])
        between = (one - two) ** 2 / (2 << i)
        i += 1
        rows[i].append((one + two, within + inside + between))


def _columns(rows: Rows) -> tuple[Array, Array, Array]:
    """The size, the sum and the spread of each bucket, the oldest first."""
    import numpy as np

    buckets = [(1 << i, *bucket) for i in range(len(rows) - 1, -1, -1) for bucket in rows[i]]
    size, total, within = np.array(buckets, dtype=np.float64).T
    return size, total, within


def _shrink(rows: Rows, delta: float, worth: float) -> tuple[float, float] | None:
    """Drop the oldest buckets as long as some cut shows a change; how many values these had, and their sum."""
    size, total, within = _columns(rows)
    oldest = 0
    while _differs(size[oldest:], total[oldest:], within[oldest:], delta, worth):
        oldest += 1
    for _ in range(oldest):
        while not rows[-1]:
            rows.pop()
        del rows[-1][0]
    while rows and not rows[-1]:
        rows.pop()
    return (float(size[:oldest].sum()), float(total[:oldest].sum())) if oldest else None


def _differs(size: Array, total: Array, within: Array, delta: float, worth: float) -> bool:
    """Whether the window can be cut between two buckets so that the means of its parts differ by more than chance."""
    import numpy as np

    n, whole = float(size.sum()), float(total.sum())
    if n < 2 * SHORTEST:
        return False
    older, sums = np.cumsum(size)[:-1], np.cumsum(total)[:-1]
    newer = n - older
    variance = float(np.sum(within + (total - size * (whole / n)) ** 2 / size)) / n
    each = log(2 * log(n) / delta)
    fewness = (1 / older + 1 / newer) / worth
    bound = np.sqrt(2 * variance * each * fewness) + 2 / 3 * each * fewness
    apart = np.abs(sums / older - (whole - sums) / newer)
    return bool(np.any((apart > bound) & (older >= SHORTEST) & (newer >= SHORTEST)))
