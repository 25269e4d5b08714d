"""How far columns moved: their profiles by day, counted in one pass, and the distances between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from everfit.signals import Point
from everfit.statistics.decay.columns import Column
from everfit.statistics.domain import sample
from everfit.statistics.drift.judge import drifts
from everfit.statistics.drift.profile import Profile
from everfit.statistics.histogram import Bins, Histogram
from everfit.statistics.tally import Categories, Tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors.seen import Rows
    from everfit.statistics.drift.drift import Drift

    Whole = NDArray[np.int64]

LEARNT = 50_000
"""So many rows of the reference are counted: with as many, chance reaches far less than the least that matters."""

DISTANCES = {"psi": "PSI", "jensen_shannon": "Jensen-Shannon", "wasserstein": "Wasserstein"}


@dataclass(frozen=True)
class Move:
    """How far one column moved: the `first` of its distances, which is judged, and the others."""

    name: str
    first: Drift
    others: tuple[Drift, ...]

    @property
    def size(self) -> float:
        """How many times as far as its bar: chance, or the least that matters."""
        return self.first.value / self.bar

    @property
    def bar(self) -> float:
        """The higher of its two bars."""
        return max(self.first.band, self.first.minimum)

    @property
    def words(self) -> str:
        """How far, in short.

        >>> from everfit.statistics.drift.drift import Drift
        >>> Move("dep_hour", Drift("PSI", 0.311, 0.0401, 1e-9, 0.04, 0.01), ()).words
        'PSI 0.31, chance reaches 0.04'
        """
        return f"{self.first.distance} {self.first.value:.2g}, chance reaches {self.first.band:.2g}"


def moves(
    reference: Sequence[Column],
    window: Sequence[Column],
    days: tuple[Whole, Whole],
    *,
    level: float,
    distance: str = "psi",
) -> tuple[Move, ...]:
    """How far each column moved; one without any value is left out.

    `days` are those of the rows of either side. A column of names has no line to measure Wasserstein's distance
    along: it is judged by PSI then.
    """
    chosen = sample(len(days[0]), LEARNT, 0)
    before, now = Cut.of(days[0][chosen]), Cut.of(days[1])
    found = []
    for old, new in zip(reference, window, strict=True):
        part = old.of(chosen)
        cells = learnt(part)
        every = drifts(profile(part, cells, before), profile(new, cells, now), level)
        if every:
            ordered = sorted(every, key=lambda drift: drift.distance != DISTANCES[distance])
            found.append(Move(old.name, ordered[0], tuple(ordered[1:])))
    return tuple(found)


def learnt(column: Column) -> Bins | Categories:
    """The cells that values are counted in."""
    import numpy as np

    if not column.categories:
        return Bins.learn(column.values)
    codes = column.values[~np.isnan(column.values)].astype(np.int64)
    counts = np.bincount(codes, minlength=len(column.categories)).tolist()
    return Categories.learn(Counter({name: n for name, n in zip(column.categories, counts, strict=True) if n}))


def profile(column: Column, cells: Bins | Categories, cut: Cut) -> Profile:
    """What a column held, day by day."""
    held = [Profile.of(_count(part, cells)) for part in cut.parts(column)]
    return held[0].merged(*held[1:])


def _count(column: Column, cells: Bins | Categories) -> Histogram | Tally:
    import numpy as np

    if isinstance(cells, Bins):
        return cells.count(column.values)
    codes = np.where(np.isnan(column.values), -1, column.values).astype(np.int64)
    return cells.count_codes(codes, column.categories)


def course(old: Column, new: Column, rows: Rows) -> tuple[Point, ...]:
    """How far each day of a window (`rows`) was from the whole reference, by PSI, and by chance where rows are few."""
    from datetime import UTC, datetime, timedelta

    cells, cut = learnt(old), Cut.of(rows.day)
    reference = Profile.of(_count(old, cells))
    found = []
    for part, start in zip(cut.parts(new), cut.begins, strict=True):
        every = drifts(reference, Profile.of(_count(part, cells)))
        since = datetime.fromtimestamp(rows.at[start if cut.order is None else cut.order[start]], UTC).date()
        if every:
            found.append(Point(str(since), str(since + timedelta(days=1)), every[0].value, n=len(part.values)))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Cut:
    """Where each day begins among rows; in which `order` they have to be taken first, if days are not in theirs."""

    order: Whole | None
    begins: tuple[int, ...]

    @classmethod
    def of(cls, days: Whole) -> Cut:
        """That of rows of these days, of which there is at least one.

        >>> import numpy as np
        >>> Cut.of(np.array([3, 3, 4])), Cut.of(np.array([4, 3, 4])).order.tolist()
        (Cut(order=None, begins=(0, 2)), [1, 0, 2])
        """
        import numpy as np

        steps = np.diff(days)
        order = None if (steps >= 0).all() else np.argsort(days, kind="stable")
        steps = steps if order is None else np.diff(days[order])
        return cls(order, (0, *(np.flatnonzero(steps) + 1).tolist()))

    def parts(self, column: Column) -> Iterator[Column]:
        """The column's rows of each day."""
        values = column.values if self.order is None else column.values[self.order]
        for start, end in pairwise((*self.begins, len(values))):
            yield Column(column.name, values[start:end], column.categories)
