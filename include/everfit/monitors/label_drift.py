"""The monitor `label_drift`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.monitors._harm import beyond, cannot_tell, ends, finite, signal, sure, too_few, with_ends
from everfit.monitors._known import ALL, answered, judged, labels, refuse_labels
from everfit.monitors._late import BINS, CLASSES, Coming, Told, ranges
from everfit.monitors.seen import Rows, Seen
from everfit.refuse import number
from everfit.signals import Signal
from everfit.statistics.calibration_drift import difference
from everfit.statistics.interval import Estimate, Measured, estimate, mean
from everfit.statistics.label_shift import Answered, Confusion, LabelShift, black_box, by_class
from everfit.statistics.losses import TITLES
from everfit.statistics.maturity import in_log_odds
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

NAME = "label_drift"
SHOWN = 3
"""So many classes are told of in the reason; the parts have all."""


@dataclass(frozen=True, eq=False)
class _Usual:
    """What labels of each kind (a class, a range of numbers) cost the version when it was judged.

    `kind` says of which kind labels are; `loss` has the mean loss of each, and `whole` that of all.
    """

    judged: Rows
    kind: Callable[[Array], Whole]
    loss: Array
    whole: float

    @classmethod
    def of(cls, seen: Seen, before: Rows) -> _Usual:
        """Learn it from the rows that the version was judged on; a kind that none has costs what all do."""
        import numpy as np

        kind = ranges(seen)
        size = max(len(seen.names), 2) if seen.task in CLASSES else BINS
        codes, whole = kind(before.y), float(before.losses.mean())
        count = np.bincount(codes, minlength=size)
        loss = np.where(count, np.bincount(codes, before.losses, size) / np.maximum(count, 1), whole)
        return cls(before, kind, loss, whole)

    def of_label(self, y: Array) -> Array:
        """The usual loss of each label."""
        found: Array = self.loss[self.kind(y)]
        return found

    def rise(self, now: Estimate, shares: Array) -> Estimate:
        """By which share the mean `now`, of labels of these shares, is above that of then; losses have errors too."""
        import numpy as np

        codes = self.kind(self.judged.y)
        count = np.maximum(np.bincount(codes, minlength=len(self.loss)), 1)
        more = now.value / self.whole
        off = self.judged.losses - self.loss[codes]
        moved = shares[codes] / count[codes] * off - more * (self.judged.losses - self.whole) / len(codes)
        learnt = estimate(Measured(0.0, moved / self.whole), self.judged.day)
        return difference(replace(now, value=more - 1, error=now.error / self.whole), learnt)


@dataclass(frozen=True)
class LabelDrift:
    """Whether labels come in other shares than when the version was judged, and whether that costs anything.

    Other labels alone are no harm: a model that is as right about each of two kinds as it was may lose less once one
    becomes rarer. It is harm if those labels come more often that the model is worse at, so that its loss surely is
    more than `at_most_worse` above the one it was judged with, were each kind of label (a class, one of four ranges of
    numbers) as well told as then. A model that has become worse at a kind is for `quality` to see.

    Labels that come late are allowed for as in `quality`. Before enough have come, the shares of classes are told from
    the answers, if rows of each class are what they were (black box shift estimation). Inputs that moved in another way
    look the same from there, so that nothing is called harm then: see `estimated_quality`.
    """

    at_most_worse: float = 0.05
    labels: str = ALL

    def __post_init__(self) -> None:
        number("at_most_worse", self.at_most_worse, least=0)
        refuse_labels(self.labels)

    def watch(self, seen: Seen) -> Signal:
        """Hold against the bar what the labels of now would cost at the losses of then."""
        import numpy as np

        before = judged(seen)
        if isinstance(before, str):
            return cannot_tell(NAME, before)
        usual = _Usual.of(seen, before)
        coming = labels(seen, self.labels)
        if isinstance(coming, str):
            return self._by_answers(seen, usual, coming)
        now = coming.mean(lambda _, y: usual.of_label(y))
        shares = [coming.mean(_share_of(usual, one)).value for one in range(len(usual.loss))]
        found = usual.rise(now, np.array(shares))
        parts = _sorted(_parts(seen, usual, coming))
        reason = f"{_told(parts)}; {self._cost(seen, found)}, on {int(coming.here.sum()):,} labels{coming.words}"
        return signal(NAME, found, self.at_most_worse, reason, seen.level, parts=parts)

    def _cost(self, seen: Seen, found: Estimate) -> str:
        certain = sure(*ends(found, seen.level), self.at_most_worse)
        return f"by itself that makes {TITLES[seen.loss]} {beyond(found.value)} what it was judged with ({certain})"

    def _by_answers(self, seen: Seen, usual: _Usual, why: str) -> Signal:
        """What the answers say of labels that have not come."""
        import numpy as np

        rows = answered(seen.window)
        if seen.task not in CLASSES or too_few(rows.day, "answers"):
            return cannot_tell(NAME, why)
        past = Confusion.of(usual.judged.y, usual.judged.scores)
        shift = black_box(past, Answered.of(rows.scores))
        if not shift.tells:
            return cannot_tell(NAME, f"{why}, and the answers hardly depend on the label", blind_to="concept drift")
        inverse = np.linalg.inv(past.given / np.maximum(past.rows, 1e-9))
        by_row = by_class(rows.scores) @ inverse.T
        cost = estimate(mean(by_row @ usual.loss), rows.day)
        learnt = float(np.abs(usual.loss - usual.whole) @ shift.error)
        now = replace(cost, value=float(shift.now @ usual.loss), error=float(np.hypot(cost.error, learnt)))
        found = usual.rise(now, shift.now)
        parts = _sorted(_from_answers(seen, usual, by_row, shift))
        reason = (
            f"{why}; from {rows.rows:,} answers, if rows of each class are what they were, {_told(parts)}; "
            f"{self._cost(seen, found)}"
        )
        made = signal(NAME, found, self.at_most_worse, reason, seen.level, parts=parts, blind_to="concept drift")
        return replace(made, outcome=Outcome.CANNOT_TELL) if made.harms else made


def _share_of(usual: _Usual, kind: int) -> Callable[[Rows, Array], Array]:
    return lambda _, y: (usual.kind(y) == kind).astype("float64")


def _named(seen: Seen) -> list[tuple[int, str]]:
    """The classes that are told of, by place and name: of a binary task the positive one."""
    return [(1, "1")] if seen.task == "binary" else list(enumerate(seen.names))


def _parts(seen: Seen, usual: _Usual, coming: Coming | Told) -> Iterator[tuple[float, Detail]]:
    """Each class with its share, or the mean of numbers, as the labels that came have it."""
    if seen.task not in CLASSES:
        now = coming.mean(lambda _, y: y)
        yield _part("the mean label", now, estimate(mean(usual.judged.y), usual.judged.day), seen)
        return
    for place, name in _named(seen):
        yield _part(f"the share of {name}", coming.share(_share_of(usual, place)), _was(usual, place), seen)


def _from_answers(seen: Seen, usual: _Usual, by_row: Array, shift: LabelShift) -> Iterator[tuple[float, Detail]]:
    """The same, as the answers of the window have it."""
    import numpy as np

    for place, name in _named(seen):
        days = estimate(mean(by_row[:, place]), answered(seen.window).day)
        error = float(np.hypot(days.error, shift.error[place]))
        now = in_log_odds(with_ends(replace(days, value=float(shift.now[place]), error=error)))
        yield _part(f"the share of {name}", now, _was(usual, place), seen)


def _was(usual: _Usual, place: int) -> Estimate:
    return estimate(mean((usual.judged.y == place).astype("float64")), usual.judged.day)


def _part(name: str, now: Estimate, before: Estimate, seen: Seen) -> tuple[float, Detail]:
    """What came of a label beside what came of it before, and how often chance makes such a difference."""
    moved = difference(now, before)
    p = 2 * min(moved.p(0, above=True), moved.p(0, above=False)) * max(len(seen.names), 1)
    certain = "surely moved" if p < seen.level else "not surely moved"
    reason = f"{name} is {now.value:.4g} (was {before.value:.4g}, {certain})"
    numbers = (finite(now.value), finite(now.low), finite(now.high), None, now.rows)
    return p, Detail(name, Outcome.PASSED, reason, *numbers)


def _sorted(parts: Iterator[tuple[float, Detail]]) -> tuple[Detail, ...]:
    """What surely moved comes first."""
    return tuple(detail for _, detail in sorted(parts, key=lambda part: part[0]))


def _told(parts: tuple[Detail, ...]) -> str:
    return "; ".join(part.reason for part in parts[:SHOWN]) + (" and others" if len(parts) > SHOWN else "")
