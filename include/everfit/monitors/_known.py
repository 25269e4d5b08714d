"""What is known of both sides: the rows that a version was judged on, and labels of the window as far as they came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.monitors._harm import FEWEST_LABELS, too_few
from everfit.monitors._late import Coming, Told, coming, delays, told
from everfit.monitors.seen import Rows, Seen
from everfit.refuse import one_of
from everfit.statistics.interval import count_clusters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALL, POSITIVES = "all", "positives"

FEWEST_OF_LATE = 15
"""From fewer days nobody knows how late labels are so well that rows chosen by it could be taken as they are."""


@dataclass(frozen=True, eq=False)
class Known:
    """The rows that the version was judged on, and the labels of the window as they come."""

    judged: Rows
    window: Coming | Told


@dataclass(frozen=True, eq=False)
class Fair:
    """The rows that the version was judged on, and those of the window that can be taken as they are beside them;
    `words`: how many labels have come."""

    judged: Rows
    rows: Rows
    words: str


def refuse_labels(which: object) -> None:
    """Refuse what is not `all` or `positives`."""
    one_of("labels", which, [ALL, POSITIVES])


def judged(seen: Seen) -> Rows | str:
    """The rows that the version was judged on, or why nothing can be held against them."""
    rows = seen.reference.of(seen.reference.labelled)
    if not rows.rows:
        return f"a row of a {seen.task} task has no loss by itself: wanted a task whose rows have one"
    if why := too_few(rows.day, "rows that the version was judged on"):
        return why
    if rows.losses.mean() <= 0:
        return "the loss that the version was judged with is 0, of which nothing is a share"
    return rows


def known(seen: Seen, which: str) -> Known | str:
    """Both sides, or why there is nothing to be said of them yet."""
    before = judged(seen)
    if isinstance(before, str):
        return before
    now = labels(seen, which)
    return now if isinstance(now, str) else Known(before, now)


def fair(seen: Seen, which: str) -> Fair | str:
    """Both sides, of the window only rows that stand for all; or why there is nothing to be said of them yet."""
    both = known(seen, which)
    if isinstance(both, str):
        return both
    if isinstance(both.window, Coming) and both.window.laws:
        days = count_clusters(both.window.period)
        if days < FEWEST_OF_LATE:
            return f"labels come late, and how late is known of {days} days: it takes {FEWEST_OF_LATE}"
    rows = both.window.fair()
    return too_few(rows.day, "rows whose labels stand for all") or Fair(both.judged, rows, both.window.words)


def labels(seen: Seen, which: str) -> Coming | Told | str:
    """The labels of the window as they come, or why there is nothing to be said of them yet."""
    rows = answered(seen.window)
    if not rows.rows:
        return "the window has no row with an answer"
    delay = delays(seen, rows)
    if which == ALL:
        return too_few(rows.day[delay >= 0], "labelled rows") or coming(seen, rows, delay)
    if seen.task != "binary":
        return f"labels: only of a binary task are positives told, and this one is {seen.task}: wanted all"
    delay[rows.y != 1] = -1
    if (count := int((delay >= 0).sum())) < FEWEST_LABELS:
        return f"there are {count} positives that were told, and it takes {FEWEST_LABELS}"
    return too_few(rows.day, "rows of the window") or told(seen, rows, delay)


def answered(rows: Rows) -> Rows:
    """Those to which the version gave an answer of its own."""
    import numpy as np

    there: NDArray[np.bool_] = np.isfinite(rows.scores)
    return rows.of(np.asarray(there.all(axis=1)) if there.ndim > 1 else there)
