"""The parts of a decay as a waterfall: each begins where the one before ended, and the last is all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.plots.card.interval import Scale
from everfit.statistics.decay.parts import TITLES

if TYPE_CHECKING:
    from everfit.statistics.decay.cause import Decay
    from everfit.statistics.interval import Estimate

MEANS = {
    "label_shift": "other answers are right more often than before",
    "covariate_shift": "other rows than before come",
    "concept_change": "the same rows mean something else now",
    "data_bug": "columns do not say what they said",
}


@dataclass(frozen=True)
class Step:
    """One part: its words, its number with interval, and where its box lies, in percent of the line's width.

    `cause` marks the part that did most; `tone` says whether it costs more or less.
    """

    name: str
    means: str
    said: str
    interval: str
    box: tuple[float, float]
    whisker: tuple[float, float]
    begin: float
    tone: str
    cause: bool
    whole: bool

    @property
    def words(self) -> str:
        """The step in words, for those who do not see it."""
        return f"{self.name}: {self.said}{f', {self.interval}' * bool(self.interval)}"


@dataclass(frozen=True)
class Waterfall:
    """All steps, and where no change is, in percent."""

    steps: tuple[Step, ...]
    zero: float


def waterfall(decay: Decay) -> Waterfall:
    """Of a decay with labels, parts that add up to the change; without labels, readings that each begin at nothing."""
    begun, at = [], 0.0
    for part in decay.parts:
        begun.append(at)
        at += part.loss.value if decay.labelled else 0.0
    found = [(begin, part.loss) for begin, part in zip(begun, decay.parts, strict=True)]
    whole = [(0.0, decay.change)] if decay.labelled else []
    ends = [0.0, *(begin + end for begin, loss in [*found, *whole] for end in (loss.low, loss.value, loss.high))]
    room = (max(ends) - min(ends)) / 30 or 1.0
    scale = Scale(min(ends) - room, max(ends) + room)
    names = TITLES if decay.labelled else TITLES | {"label_shift": "or: labels shifted"}
    like = max((abs(loss.value) for _, loss in [*found, *whole]), default=0.0)
    steps = [
        _step((names[part.name], MEANS[part.name]), begin, part.loss, scale, like, cause=part.name == decay.cause)
        for part, (begin, _) in zip(decay.parts, found, strict=True)
    ]
    steps += [_step(("together", ""), begin, loss, scale, like, whole=True) for begin, loss in whole]
    return Waterfall(tuple(steps), scale.place(0.0))


def _step(
    words: tuple[str, str],
    begin: float,
    loss: Estimate,
    scale: Scale,
    like: float,
    *,
    cause: bool = False,
    whole: bool = False,
) -> Step:
    start, end = scale.place(begin), scale.place(begin + loss.value)
    return Step(
        *words,
        signed(loss.value, like),
        f"{signed(loss.low, like)} … {signed(loss.high, like)}" if loss.high > loss.low else "",
        (min(start, end), round(abs(end - start), 1)),
        (scale.place(begin + loss.low), scale.place(begin + loss.high)),
        start,
        "more" if loss.value > 0 else "less",
        cause,
        whole,
    )


def signed(value: float, like: float | None = None) -> str:
    """A change with its sign: three digits, or as many decimals as `like` has with three digits.

    >>> signed(0.03123), signed(0.0), signed(0.00004, 0.0312), signed(12.0, 1.5)
    ('+0.0312', '0', '0', '+12.00')
    """
    from math import floor, log10

    size = abs(value if like is None else like)
    decimals = max(0, 2 - floor(log10(size))) if size else 0
    if not round(value, decimals):
        return "0"
    return f"{value:+,.{decimals}f}".replace("-", "−")  # noqa: RUF001 - a minus


def share(part: float) -> str:
    """A share: three digits.

    >>> share(0.98234), share(0.0005)
    ('98.2 %', '0.05 %')
    """
    return f"{100 * part:.3g} %"
