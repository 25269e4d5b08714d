"""The monitor `quality`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.monitors._course import course
from everfit.monitors._harm import beyond, cannot_tell, ends, rise, signal, sure
from everfit.monitors._known import ALL, known, refuse_labels
from everfit.monitors.seen import Rows, Seen
from everfit.refuse import number
from everfit.signals import Signal
from everfit.statistics.interval import count_clusters, estimate, mean
from everfit.statistics.losses import TITLES, per_row
from everfit.statistics.truth import Truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NAME = "quality"


@dataclass(frozen=True)
class Quality:
    """The loss of the window's rows, by their labels: harm if it surely is more than `at_most_worse` above the loss
    that the version was judged with, as a share of that.

    Labels that come late are allowed for. `labels: all`: each row gets its label some day, and those of one kind may be
    quicker; a labelled row stands for as many as have none yet. `labels: positives`: only positives are told, and a row
    without a label is a negative or one that is not told yet; so it counts as both, as likely as its age says.
    Cluster-robust by day on both sides. It takes it that labels are as slow as they were all over the window, and that
    among those of one kind (a class, a range of numbers) the slow ones lose what the quick ones do. The course is the
    same rise day by day, of the days that it was judged on and of those since.
    """

    at_most_worse: float = 0.05
    labels: str = ALL

    def __post_init__(self) -> None:
        number("at_most_worse", self.at_most_worse, least=0)
        refuse_labels(self.labels)

    def watch(self, seen: Seen) -> Signal:
        """Hold the rise of the loss against the bar."""
        both = known(seen, self.labels)
        if isinstance(both, str):
            return cannot_tell(NAME, both)
        judged, coming = both.judged, both.window
        before = estimate(mean(judged.losses), judged.day)

        def losses(rows: Rows, y: Array) -> Array:
            return per_row(seen.loss, Truth(y, levels=seen.levels), rows.scores)

        now = coming.mean(losses)
        found = rise(now, before)
        days = count_clusters(coming.rows.day[coming.here])
        reason = (
            f"{TITLES[seen.loss]} is {now.value:.4g}, {beyond(found.value)} the {before.value:.4g} that it was judged "
            f"with ({sure(*ends(found, seen.level), self.at_most_worse)}), "
            f"on {int(coming.here.sum()):,} labelled rows of {days} days{coming.words}"
        )
        values, weights = coming.each(losses)
        went = (
            *course(judged, judged.losses / before.value - 1, judged.losses * 0 + 1),
            *course(coming.rows, values / before.value - 1, weights),
        )
        return signal(NAME, found, self.at_most_worse, reason, seen.level, course=went)
