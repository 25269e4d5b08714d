"""The monitor `concept_drift`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from everfit.monitors._course import date_of
from everfit.monitors._harm import beyond, cannot_tell, ends, rise, signal, sure
from everfit.monitors._known import ALL, fair, refuse_labels
from everfit.monitors.seen import Rows, Seen
from everfit.refuse import number, one_of
from everfit.signals import Signal
from everfit.statistics.adwin import Adwin
from everfit.statistics.hddm import Hddm
from everfit.statistics.interval import Estimate, effective, estimate, mean
from everfit.statistics.losses import TITLES
from everfit.statistics.streams import QUANTILE, ceiling, scaled, worth
from everfit.values import Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NAME = "concept_drift"

DETECTORS = ("adwin", "hddm_a")

ADWINS_SHARE, HDDMS_SHARE = 0.2, 0.01
"""A detector looks many times at one stream. At so much of the level each time, it sees a change where there is none no
more often than the level says, by simulation."""

MOST = 50_000
"""So many values of a side are looked at; of more rows, means of neighbours."""


@dataclass(frozen=True)
class ConceptDrift:
    """From when on the model loses more: harm if the loss rose within the window, and since then surely is more than
    `at_most_worse` above the loss that the version was judged with.

    The losses that it was judged with and those of the window, one after the other in the order of time, go through a
    detector of change: ADWIN, or HDDM-A (`detector: hddm_a`), which is as quick where errors are frequent and blind
    where they are rare. So a rise of the last days is seen that the mean of a month does not show yet. A row counts as
    much as rows of one day did when the version was judged: a bad day is no change. Losses without a bound are cut off
    at what 99 % of them were. Where the loss rose is then the likeliest place.

    Nothing is kept from look to look: the window is looked at whole, and the same rows give the same signal. Labels
    that come late are allowed for as in `quality`, by leaving out those of a quick kind of which the slow ones have not
    come. The detector's chance of a false alarm is at most the level's; the interval behind it is of rows that it has
    chosen as bad, and therefore a little too sure of how much worse they are.
    """

    at_most_worse: float = 0.05
    detector: str = "adwin"
    labels: str = ALL

    def __post_init__(self) -> None:
        number("at_most_worse", self.at_most_worse, least=0)
        one_of("detector", self.detector, DETECTORS)
        refuse_labels(self.labels)

    def watch(self, seen: Seen) -> Signal:
        """Look for the last rise, and hold what came after it against the bar."""
        both = fair(seen, self.labels)
        if isinstance(both, str):
            return cannot_tell(NAME, both)
        judged, rows = both.judged, both.rows
        began = self._risen(seen, judged, rows)
        late = rows if began is None else rows.of(rows.at >= rows.at[began])
        before = estimate(mean(judged.losses), judged.day)
        now = _as_days_were(late, judged, before)
        found = rise(now, before)
        said = sure(*ends(found, seen.level), self.at_most_worse)
        words = (
            f"{TITLES[seen.loss]} is {now.value:.4g}, {beyond(found.value)} the {before.value:.4g} that it was judged "
            f"with ({said}), on {late.rows:,} rows{both.words}"
        )
        if began is not None:
            since = date_of(float(late.at[0])).isoformat()
            reason = f"the loss rose about {since}: since then {words}"
            return signal(NAME, found, self.at_most_worse, reason, seen.level)
        reason = f"the loss rose at no time of the window that it has not fallen since: {words}"
        quiet = signal(NAME, found, self.at_most_worse, reason, seen.level)
        return replace(quiet, outcome=Outcome.CANNOT_TELL) if quiet.harms else quiet

    def _risen(self, seen: Seen, judged: Rows, rows: Rows) -> int | None:
        """The place of the row from which on losses are higher; None if they are not, or fell again."""
        import numpy as np

        # the quantile of losses of which hardly any is above 0 is no scale
        most = ceiling(judged.losses) if np.quantile(judged.losses, QUANTILE) > 0 else float(judged.losses.max())
        old, days, _ = _neighbours(judged, most)
        new, _, size = _neighbours(rows, most)
        counted = _surely(worth(old, days), effective(days) - 1, seen.level)
        changes = self._detector(seen.level, counted).seen(np.concatenate([old, new])).changes
        if not changes or not changes[-1].worse or changes[-1].at <= len(old):
            return None
        return _place(old, new) * size

    def _detector(self, level: float, counted: float) -> Adwin | Hddm:
        if self.detector == "adwin":
            return Adwin(delta=ADWINS_SHARE * level, worth=counted)
        return Hddm(delta=HDDMS_SHARE * level, worth=counted)


def _place(old: Array, new: Array) -> int:
    """The place in `new` from which on values are higher: where before and after are the farthest apart for their
    number. A detector says that there is such a place; where it is, it knows no better than its memory is fine.

    Source: Hinkley, Biometrika 57 (1970) 1-17 (the likeliest place of a change of a mean).
    """
    import numpy as np

    sums = old.sum() + np.concatenate([[0.0], np.cumsum(new)])
    before = len(old) + np.arange(len(new))
    after = len(old) + len(new) - before
    apart = (sums[-1] - sums[:-1]) / after - sums[:-1] / before
    return int(np.argmax(apart * np.sqrt(before * after)))


def _surely(counted: float, freedom: float, level: float) -> float:
    """How much a row counts if that is known from few days only: less, as much as Student's t is wider."""
    from scipy.special import ndtri, stdtrit

    if counted == 1:
        return counted
    tail = HDDMS_SHARE * level
    return counted * float(ndtri(tail) / stdtrit(freedom, tail)) ** 2


def _neighbours(rows: Rows, most: float) -> tuple[Array, NDArray[np.int64], int]:
    """Losses as shares of `most`, means of so many neighbours that there are not too many; their days, and how many."""
    import numpy as np

    size = ceil(rows.rows / MOST)
    starts = np.arange(0, rows.rows, size)
    counts = np.diff(starts, append=rows.rows)
    return np.add.reduceat(scaled(rows.losses, most), starts) / counts, rows.day[starts], size


def _as_days_were(late: Rows, judged: Rows, before: Estimate) -> Estimate:
    """The mean loss of some rows, of however few days: these differ as much as those did that it was judged on."""
    spread = max(float(late.losses.std()), float(judged.losses.std()))
    error = spread / (late.rows * worth(judged.losses, judged.day)) ** 0.5
    return replace(before, value=float(late.losses.mean()), rows=late.rows, error=error)
