"""A part of what the judge says: which side of its bar an interval is on, in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

Ends = tuple[float, float]


@dataclass(frozen=True)
class Levels:
    """How often one signal may be wrong: in calling harm what is none, and in calling good what is harm."""

    harm: float
    good: float


def part(signal: str, effect: float, ends: Ends, bar: float, n: int, said: Callable[[float], str]) -> Detail:
    """Harm if the whole interval is beyond the bar, good if none of it is; `said` puts a value into words."""
    low, high = ends
    outcome = Outcome.CANNOT_TELL
    if low > bar:
        outcome = Outcome.FAILED
    elif high <= bar:
        outcome = Outcome.PASSED
    spread = " and ".join(said(end) if isfinite(end) else "any" for end in ends)
    reason = f"{said(effect)}, surely between {spread}; allowed {said(bar)}"
    if not isfinite(low) and not isfinite(high):
        reason = f"{said(effect)}, too little for an interval; allowed {said(bar)}"
    return Detail(signal, outcome, reason, effect, _told(low), _told(high), bar, n)


def nothing(signal: str, bar: float, why: str) -> Detail:
    """What there is to say before anything came."""
    return Detail(signal, Outcome.CANNOT_TELL, why, bar=bar)


def _told(end: float) -> float | None:
    """JSON has no infinity."""
    return end if isfinite(end) else None
