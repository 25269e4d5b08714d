"""A part of what the judge says: which side of its bar an interval is on, in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from everfit.values import Detail, Outcome

Ends = tuple[float, float]


@dataclass(frozen=True)
class Levels:
    """How often one signal may be wrong: in calling harm what is none, and in calling good what is harm."""

    harm: float
    good: float


@dataclass(frozen=True)
class Telling:
    """How a number of a signal is written, and what it is a number of."""

    what: str
    form: str
    per_cent: bool = False

    def number(self, value: float) -> str:
        """The value in words.

        >>> Telling("of requests", "+.3g", per_cent=True).number(0.005)
        '+0.5 %'
        """
        return f"{100 * value:{self.form}} %" if self.per_cent else f"{value:{self.form}}"


def part(signal: str, effect: float, ends: Ends, bar: float, n: int, told: Telling) -> Detail:
    """Harm if the whole interval is beyond the bar, good if none of it is."""
    low, high = ends
    outcome = Outcome.CANNOT_TELL
    if low > bar:
        outcome = Outcome.FAILED
    elif high <= bar:
        outcome = Outcome.PASSED
    between = [f"at least {told.number(low)}"] * isfinite(low) + [f"at most {told.number(high)}"] * isfinite(high)
    sure = f"surely {' and '.join(between)}" if between else "too little for an interval"
    reason = f"{told.number(effect)} {told.what}, {sure}; allowed {told.number(bar)}"
    return Detail(signal, outcome, reason, effect, _finite(low), _finite(high), bar, n)


def nothing(signal: str, bar: float, why: str) -> Detail:
    """What there is to say before anything came."""
    return Detail(signal, Outcome.CANNOT_TELL, why, bar=bar)


def _finite(end: float) -> float | None:
    """JSON has no infinity."""
    return end if isfinite(end) else None
