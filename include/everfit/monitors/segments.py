"""The monitor `segments`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from everfit.monitors._harm import FEWEST_DAYS, beyond, cannot_tell, finite, side, sure, worst_first
from everfit.monitors._known import ALL, fair, refuse_labels
from everfit.monitors.seen import Rows, Seen
from everfit.refuse import number, whole, words
from everfit.signals import Signal
from everfit.statistics.discoveries import benjamini_yekutieli
from everfit.statistics.interval import FEWEST_EQUAL, LEVEL
from everfit.statistics.losses import TITLES
from everfit.statistics.slices import FEWEST_ROWS, Means, by_code, means, together
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.decay.columns import Column

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

NAME = "segments"

RANGES = 4
"""Numbers are cut into so many ranges, of as many rows each when the version was judged."""

SHOWN = 20
"""So many segments are kept, the worst first."""


@dataclass(frozen=True)
class Segments:
    """Where the model has become worse: for which values, or ranges of numbers, of which inputs.

    Each segment's loss is held against what it was in the same segment when the version was judged, so that a hard
    segment is no harm, nor one that has become larger. Harm if in some segment it surely is more than `at_most_worse`
    above that, as a share of it. Of the segments that are said to be worse, at most a share of the level is not, on
    average, whatever segments have to do with each other (Benjamini and Yekutieli); where none is worse, one is said to
    be at most at the level.

    `by`: the inputs that are looked at; left out, all of them. A segment needs `min_rows` labelled rows on either side,
    of enough days. Cluster-robust by day. Labels that come late are allowed for as in `concept_drift`.
    """

    by: tuple[str, ...] = ()
    at_most_worse: float = 0.1
    min_rows: int = FEWEST_ROWS
    labels: str = ALL

    def __post_init__(self) -> None:
        words("by", self.by, least=0)
        number("at_most_worse", self.at_most_worse, least=0)
        whole("min_rows", self.min_rows, least=30)
        refuse_labels(self.labels)

    def watch(self, seen: Seen) -> Signal:
        """Hold the rise of the loss in each segment against the bar."""
        there = [column.name for column in seen.reference.columns]
        if missing := [name for name in self.by if name not in there]:
            return cannot_tell(NAME, f"there is no input {', '.join(missing)} (there are: {', '.join(there)})")
        both = fair(seen, self.labels)
        if isinstance(both, str):
            return cannot_tell(NAME, both)
        judged, rows = both.judged, both.rows
        cuts = [_cut(judged.columns[place], rows.columns[place]) for place in map(there.index, self.by or there)]
        names = [name for cut in cuts for name in cut.names]
        before = means(together([by_code(judged.losses, judged.day, cut.before, len(cut.names)) for cut in cuts]))
        now = means(together([by_code(rows.losses, rows.day, cut.now, len(cut.names)) for cut in cuts]))
        enough = _enough(before, self.min_rows) & _enough(now, self.min_rows) & (before.value > 0)
        if not enough.any():
            return cannot_tell(NAME, f"none of {len(names)} segments has {self.min_rows} labelled rows on both sides")
        kept = [name for name, judgeable in zip(names, enough, strict=True) if judgeable]
        return self._signal(seen, rows, _held(kept, before.at(enough), now.at(enough), self.at_most_worse, seen.level))

    def _signal(self, seen: Seen, rows: Rows, parts: Sequence[Detail]) -> Signal:
        worst, loss = parts[0], TITLES[seen.loss]
        alike = [part for part in parts if part.outcome is worst.outcome]
        found = {
            Outcome.FAILED: f"{loss} is worse in {len(alike)} of {len(parts)} segments; the worst is {worst.reason}",
            Outcome.CANNOT_TELL: f"{loss} is surely worse in none of {len(parts)} segments, and nobody knows of "
            f"{len(alike)}; the first of these is {worst.reason}",
            Outcome.PASSED: f"{loss} is worse in none of {len(parts)} segments; the worst is {worst.reason}",
        }
        return Signal(
            monitor=NAME,
            outcome=worst.outcome,
            reason=found[worst.outcome],
            effect=worst.effect,
            low=worst.low,
            high=worst.high,
            bar=self.at_most_worse,
            n=rows.rows,
            test="t by day in each segment; false discoveries by Benjamini and Yekutieli over all of them",
            level=1 - seen.level,
            parts=tuple(parts[:SHOWN]),
        )


@dataclass(frozen=True, eq=False)
class _Cut:
    """The segments that one input makes, and of each row of either side the place of its segment (-1: none)."""

    names: tuple[str, ...]
    before: Whole
    now: Whole


def _cut(before: Column, now: Column) -> _Cut:
    """A segment for each category or range that rows had when the version was judged, and one for no value."""
    import numpy as np

    sides = (before.values, now.named_as(before))
    if before.categories:
        names, top = before.categories, len(before.categories)
        codes = [np.where(np.isnan(one), top, np.where(one < top, one, -1)).astype(np.int64) for one in sides]
        named = [f"{before.name} {name}" for name in names]
    else:
        known = before.values[np.isfinite(before.values)]
        inner = np.unique(np.quantile(known, np.linspace(0, 1, RANGES + 1)[1:-1])) if len(known) else np.zeros(0)
        codes = [np.where(np.isnan(one), len(inner) + 1, np.searchsorted(inner, one, "right")) for one in sides]
        named = _ranges(before.name, inner.tolist())
    return _Cut((*named, f"{before.name} missing"), *codes)


def _ranges(name: str, inner: list[float]) -> list[str]:
    """What the ranges between some numbers are called.

    >>> _ranges("x", [0.5, 2.0])
    ['x below 0.5', 'x from 0.5 to 2', 'x from 2 on']
    """
    if not inner:
        return [f"{name} of any value"]
    between = [f"{name} from {low:.4g} to {high:.4g}" for low, high in pairwise(inner)]
    return [f"{name} below {inner[0]:.4g}", *between, f"{name} from {inner[-1]:.4g} on"]


def _enough(side: Means, rows: int) -> NDArray[np.bool_]:
    """Which segments have rows and days enough on this side."""
    import numpy as np

    days = (side.clusters >= FEWEST_DAYS) & (side.freedom + 1 >= FEWEST_EQUAL)
    return np.asarray((side.rows >= rows) & days & np.isfinite(side.error))


def _held(names: Sequence[str], before: Means, now: Means, bar: float, level: float) -> list[Detail]:
    """Each segment held against the bar, the worst first: how much more it loses, as a share of what it lost."""
    import numpy as np
    from scipy.special import stdtr, stdtrit

    share = now.value / before.value
    one, two = (now.error / before.value) ** 2, (share * before.error / before.value) ** 2
    error = np.sqrt(np.maximum(one + two, np.finfo(float).tiny))
    freedom = error**4 / np.maximum(one**2 / now.freedom + two**2 / before.freedom, np.finfo(float).tiny)
    chances = stdtr(freedom, (bar - (share - 1)) / error)
    counts = benjamini_yekutieli(chances.tolist(), level)
    each = level * max(sum(counts), 1) / len(names) / sum(1 / place for place in range(1, len(names) + 1))
    low, high = share - 1 + stdtrit(freedom, each) * error, share - 1 + stdtrit(freedom, LEVEL) * error
    parts = []
    for place, name in enumerate(names):
        ends = float(low[place]), float(high[place])
        value = float(share[place] - 1)
        reason = (
            f"{name}: {now.value[place]:.4g}, {beyond(value)} the {before.value[place]:.4g} of then "
            f"({sure(*ends, bar)}), on {now.rows[place]:,} rows"
        )
        numbers = (finite(value), finite(ends[0]), finite(ends[1]), bar)
        parts.append(Detail(name, side(*ends, bar), reason, *numbers, n=int(now.rows[place])))
    return sorted(parts, key=worst_first)
