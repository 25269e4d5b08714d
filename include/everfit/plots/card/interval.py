"""An interval against its bar, as places on a line that shows both whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from everfit.values import Detail, Verdict

_WIDTH = 100.0  # of the drawing, in percent
WORST = (Outcome.FAILED, Outcome.CANNOT_TELL, Outcome.PASSED)


@dataclass(frozen=True)
class Drawing:
    """An interval against its bar, as places from 0 to 100 on a line; `good` is the stretch on the side that passes."""

    low: float
    effect: float
    high: float
    bar: float
    good: tuple[float, float] | None


@dataclass(frozen=True)
class Scale:
    """The numbers at the ends of a line: several intervals that are drawn one below the other share it."""

    left: float
    right: float

    @classmethod
    def of(cls, *shown: Verdict | Detail) -> Scale:
        """One on which each of them lies whole, with a tenth to spare at either end."""
        known = [value for one in shown for value in (one.low, one.effect, one.high, one.bar) if value is not None] or [
            0.0
        ]
        width = (max(known) - min(known)) or abs(known[0]) or 1.0
        return cls(min(known) - width / 8, min(known) + width * 9 / 8)

    def place(self, value: float) -> float:
        """Where a number is, from 0 to 100."""
        return round(_WIDTH * (value - self.left) / (self.right - self.left), 1)


def draw(verdict: Verdict | Detail, wanted: str, scale: Scale | None = None) -> Drawing | None:
    """Where an interval and its bar lie; None for a verdict without numbers. `wanted` is the side that passes.

    >>> from everfit.values import Verdict
    >>> draw(Verdict("g", Outcome.PASSED, "", effect=0.7, low=0.6, high=0.8, bar=0.5), "above")
    Drawing(low=36.7, effect=63.3, high=90.0, bar=10.0, good=(10.0, 90.0))
    """
    effect, bar = verdict.effect, verdict.bar
    if effect is None or bar is None:
        return None
    low, high = (effect if end is None else end for end in (verdict.low, verdict.high))
    scale = scale or Scale.of(verdict)
    at = scale.place(bar)
    good = {"above": (at, round(_WIDTH - at, 1)), "below": (0.0, at)}.get(wanted)
    return Drawing(scale.place(low), scale.place(effect), scale.place(high), at, good)


def worst_first(parts: Sequence[Detail], wanted: str) -> list[Detail]:
    """Failed parts, then those that cannot be told, then the rest; of each, the one furthest on the wrong side."""

    def wrong(part: Detail) -> float:
        if part.effect is None or part.bar is None:
            return 0.0
        return part.bar - part.effect if wanted == "above" else part.effect - part.bar

    return sorted(parts, key=lambda part: (WORST.index(part.outcome), -wrong(part), part.name))
