"""Labels that are still coming: a mean over rows of which the quick ones are here, and rows that stand for all.

Time is in whole days back from the end of the window. What was heard of later is not known yet: the law of delays is
that of labels up to one moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.monitors._harm import FEWEST_DAYS, FEWEST_LABELS, percent, too_few
from everfit.monitors.seen import Rows, Seen
from everfit.statistics.delays import Arrivals, Maturity, geometric, truncated
from everfit.statistics.interval import Estimate, count_clusters, estimate, mean
from everfit.statistics.losses import per_row
from everfit.statistics.maturity import LateLosses, Stratum, in_log_odds, in_ripeness, late_loss, stratified_loss
from everfit.statistics.truth import Truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Value = Callable[[Rows, Array], Array]
    """What rows are worth if these are their labels: their losses, say."""

LAST = -1
"""The last day of the window: days are counted back from its end."""

DAY = 86400
MATURE = 0.95
"""Where only positives are told, a row without a label is a negative once so many of its like would have been told."""

FAR = 4.0
"""A law of delays that is so many standard errors from what came is not believed."""

CLASSES = ("binary", "multiclass")

BINS = 4
"""Numbers come as late as numbers in the same one of so many ranges."""


@dataclass(frozen=True, eq=False)
class Coming:
    """Every label comes some day: the answered rows of a window, and how late the labels are that came so far.

    `period` of each row, `delay` of its label (-1: none so far), and its `kind` (-1: nobody knows): the class, or the
    range that the number is in, since labels of one kind may be quicker. `laws`: that of each kind, none if no label
    came later than its row.
    """

    rows: Rows
    period: Whole
    delay: Whole
    kind: Whole
    laws: tuple[Maturity, ...]

    @property
    def here(self) -> NDArray[np.bool_]:
        """Which rows have their label."""
        import numpy as np

        return np.asarray(self.delay >= 0)

    @property
    def words(self) -> str:
        """How many labels have come."""
        part = float(self.here.mean())
        return "" if part == 1 else f"; {percent(part)} of labels have come"

    def mean(self, value: Value) -> Estimate:
        """The mean of what rows are worth, as it will be once the labels are here."""
        import numpy as np

        known = self.rows.of(self.here)
        worth = value(known, known.y)
        if not self.laws:
            return estimate(mean(worth), known.day)
        days, codes = np.unique(self.period, return_inverse=True)
        strata = []
        for kind, law in enumerate(self.laws):
            of = self.kind == kind
            sums = np.bincount(codes[of], worth[of[self.here]], len(days)).astype(np.float64)
            strata.append(Stratum(Arrivals.of(self.period, np.where(of, self.delay, -1)), law, sums))
        found = stratified_loss(strata, np.bincount(codes), LAST)
        return replace(found, rows=known.rows)

    def share(self, value: Value) -> Estimate:
        """The same of a share: with ends between 0 and 1."""
        return in_log_odds(self.mean(value))

    def each(self, value: Value) -> tuple[Array, Array]:
        """What each row is worth, and for how many rows it stands, for a course over time; 0 without a label."""
        import numpy as np

        worth, weights = np.zeros((2, self.rows.rows))
        known = self.rows.of(self.here)
        worth[self.here] = value(known, known.y)
        weights[self.here] = 1 / np.maximum(self._ripe()[self.here], 1e-9)
        return worth, weights

    def fair(self) -> Rows:
        """Labelled rows that stand for all, so that they can be taken as they are: of quick labels as many as of slow.

        Of the labels of a kind, those of rows of one age, only so many count as have come of the slowest kind, evenly
        drawn: the same rows each time.
        """
        import numpy as np

        if not self.laws:
            return self.rows.of(self.here)
        ages = LAST - self.period
        slowest = np.min([law.at(ages) for law in self.laws], axis=0)
        part = slowest / np.maximum(self._ripe(), 1e-9)
        chosen = np.zeros(self.rows.rows, dtype=bool)
        for kind in range(len(self.laws)):
            places = np.flatnonzero(self.kind == kind)
            steps = np.floor(np.cumsum(np.clip(part[places], 0, 1)) + 1e-9)
            chosen[places] = np.diff(steps, prepend=0.0) > 0
        return self.rows.of(chosen)

    def _ripe(self) -> Array:
        """How much of its kind's labels has come by each row's age; 1 where none is late."""
        import numpy as np

        found = np.ones(self.rows.rows)
        for kind, law in enumerate(self.laws):
            of = self.kind == kind
            found[of] = law.at(LAST - self.period[of])
        return found


@dataclass(frozen=True, eq=False)
class Told:
    """Only positives are told: the answered rows of a window, each without a label a negative or a positive not told
    yet. `delay` is -1 for these; `law` is that of positives."""

    rows: Rows
    seen: Seen
    period: Whole
    delay: Whole
    law: Maturity

    @property
    def here(self) -> NDArray[np.bool_]:
        """Which rows were told to be positive."""
        import numpy as np

        return np.asarray(self.delay >= 0)

    @property
    def ripe(self) -> Array:
        """Which share of the positives among rows of its age has been told, for each row."""
        return self.law.at(LAST - self.period)

    @property
    def arrivals(self) -> Arrivals:
        """Positives by day and delay."""
        return Arrivals.of(self.period, self.delay)

    @property
    def words(self) -> str:
        """How many positives have been told."""
        expected = float((self.here / self.ripe.clip(1e-9)).sum())
        return f"; about {percent(float(self.here.sum()) / expected)} of positives have been told"

    def mean(self, value: Value) -> Estimate:
        """The mean of what rows are worth, as it will be once all positives are told."""
        import numpy as np

        negative, positive = self._both(value)
        codes = np.unique(self.period, return_inverse=True)[1]
        sums = (np.bincount(codes, each).astype(np.float64) for each in (self.here * (positive - negative), negative))
        return late_loss(LateLosses(self.arrivals, *sums), self.law, LAST)

    def share(self, value: Value) -> Estimate:
        """The same of a share of labels: its ends know that hardly any ripeness can be excluded in a short window."""
        return in_ripeness(self.mean(value))

    def each(self, value: Value) -> tuple[Array, Array]:
        """What each row is worth on average over its labels, and for how many rows it stands."""
        negative, positive = self._both(value)
        ripe = self.ripe
        return negative + self.here * (positive - negative) / ripe.clip(1e-9), ripe

    def fair(self) -> Rows:
        """Rows that are so old that what was not told is a negative."""
        import numpy as np

        mature = self.ripe >= MATURE
        rows = self.rows.of(mature)
        y = self.here[mature].astype(np.float64)
        return replace(rows, y=y, losses=per_row(self.seen.loss, Truth(y), rows.scores))

    def _both(self, value: Value) -> tuple[Array, Array]:
        import numpy as np

        return value(self.rows, np.zeros(self.rows.rows)), value(self.rows, np.ones(self.rows.rows))


def coming(seen: Seen, rows: Rows, delay: Whole) -> Coming:
    """Labels of which every one comes; of how late they are nothing can be learnt from rows of few days' age."""
    import numpy as np

    period = periods(seen, rows.at).astype(np.int64)
    if not (delay > 0).any() or count_clusters(period[delay >= 0]) < FEWEST_DAYS:
        return Coming(rows, period, delay, np.where(delay >= 0, 0, -1), ())
    kind = _kinds(seen, rows.y, delay)
    laws = tuple(_law(Arrivals.of(period, np.where(kind == one, delay, -1))) for one in range(int(kind.max()) + 1))
    return Coming(rows, period, delay, kind, laws)


def told(seen: Seen, rows: Rows, delay: Whole) -> Told | str:
    """Labels of which only the positive ones come, or why nothing can be learnt of how late they are."""
    import numpy as np

    period = periods(seen, rows.at).astype(np.int64)
    found = Told(rows, seen, period, delay, _law(Arrivals.of(period, delay)))
    return too_few(period[found.ripe > 0], "rows of which positives can have been told") or found


def delays(seen: Seen, rows: Rows) -> Whole:
    """After how many days the label of each row came; -1 where none has come by the end of the window."""
    import numpy as np

    sent, heard = periods(seen, rows.at), periods(seen, rows.heard)
    return np.where(np.isfinite(rows.y) & (heard <= LAST), np.maximum(heard - sent, 0), -1).astype(np.int64)


def periods(seen: Seen, at: Array) -> Array:
    """Whole days back from the end of the window: -1 is the last one, from 0 on nothing is known yet; NaN is later."""
    import numpy as np

    return np.nan_to_num(np.floor((at - seen.now.timestamp()) / DAY), nan=np.inf)


def ranges(seen: Seen) -> Callable[[Array], Whole]:
    """Of which kind labels are: their class, or in which range they are of those of the reference."""
    import numpy as np

    if seen.task in CLASSES:
        return lambda y: y.astype(np.int64)
    labels = seen.reference.y[np.isfinite(seen.reference.y)]
    inner = np.unique(np.quantile(labels, np.linspace(0, 1, BINS + 1)[1:-1]))
    return lambda y: np.asarray(np.digitize(y, inner), dtype=np.int64)


def _kinds(seen: Seen, y: Array, delay: Whole) -> Whole:
    """The kind of each label that came: its class, or the range of the reference that it is in.

    Kinds of which few labels came are one kind.
    """
    import numpy as np

    _, codes, counts = np.unique(ranges(seen)(y[delay >= 0]), return_inverse=True, return_counts=True)
    numbers = np.where(counts >= FEWEST_LABELS, np.cumsum(counts >= FEWEST_LABELS), 0)
    kinds = np.full(len(y), -1)
    kinds[delay >= 0] = np.unique(numbers[codes], return_inverse=True)[1]
    return kinds


def _law(arrivals: Arrivals) -> Maturity:
    """The law of delays: with a steady tail beyond what was seen, unless what was seen speaks against it.

    A steady tail (`geometric`) knows of labels that take longer than the window is. Where it is surely off from the
    delays that came (`truncated`), these are all that is gone by, and what is found is what labels say within the
    window.
    """
    import numpy as np

    free = truncated(arrivals, LAST)
    if not arrivals.known(LAST).came[:, 1:].any():
        return free
    steady = geometric(arrivals, LAST)
    whole, days = steady.share[-1], len(free.days)
    apart = steady.share / whole - free.share
    moved = steady.moved / whole - steady.share * steady.moved[:, -1:] / whole**2 - free.moved
    error = np.sqrt((moved**2).sum(axis=0) * days / max(days - 1, 1))
    middle = (free.share > 1 - MATURE) & (free.share < MATURE)
    return free if (np.abs(apart[middle]) > FAR * error[middle]).any() else steady
