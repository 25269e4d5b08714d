"""How far columns moved: their profiles by day, counted in one pass, and the distances between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from everfit.signals import Point
from everfit.statistics.decay.columns import Column
from everfit.statistics.domain import sample
from everfit.statistics.drift.judge import drifts
from everfit.statistics.drift.profile import Profile
from everfit.statistics.histogram import Bins
from everfit.statistics.tally import Categories

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors.seen import Rows
    from everfit.statistics.drift.drift import Drift

    Whole = NDArray[np.int64]

LEARNT = 50_000
"""So many rows of the reference are counted: with more, chance would reach no less far than the least that matters."""

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

    `days` are those of the rows of either side, rising. A column of names has no line to measure Wasserstein's distance
    along: it is judged by PSI then.
    """
    chosen = sample(len(days[0]), LEARNT, 0)
    cuts = _cuts(days[0][chosen]), _cuts(days[1])
    found = []
    for old, new in zip(reference, window, strict=True):
        part = old.of(chosen)
        bins = learnt(part)
        every = drifts(profile(part, bins, cuts[0]), profile(new, bins, cuts[1]), level)
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


def profile(column: Column, cells: Bins | Categories, cuts: Sequence[int]) -> Profile:
    """What a column held from each cut to the next."""
    import numpy as np

    if isinstance(cells, Bins):
        held = [Profile.of(cells.count(column.values[start:end])) for start, end in pairwise(cuts)]
    else:
        codes = np.where(np.isnan(column.values), -1, column.values).astype(np.int64)
        held = [Profile.of(cells.count_codes(codes[start:end], column.categories)) for start, end in pairwise(cuts)]
    return held[0].merged(*held[1:])


def course(old: Column, new: Column, rows: Rows) -> tuple[Point, ...]:
    """How far each day of a window (`rows`) was from the reference as a whole, by PSI; no interval is known of it."""
    from datetime import UTC, datetime, timedelta

    cells = learnt(old)
    reference = profile(old, cells, (0, len(old.values)))
    found = []
    for start, end in pairwise(_cuts(rows.day)):
        every = drifts(reference, profile(new, cells, (start, end)))
        since = datetime.fromtimestamp(rows.at[start], UTC).date()
        if every:
            found.append(Point(str(since), str(since + timedelta(days=1)), every[0].value, n=end - start))
    return tuple(found)


def _cuts(days: Whole) -> list[int]:
    """Where each day begins, and the end; without rows it is one day without any."""
    import numpy as np

    return [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
