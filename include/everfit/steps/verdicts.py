"""Holds verdicts against those that were given before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from everfit.values import Detail, Verdict

NEAR = 1e-6
"""Two machines may sum in another order: their last digits differ, their verdicts do not."""


def different(then: Sequence[Verdict], now: Sequence[Verdict]) -> tuple[str, ...]:
    """The gates that do not say what they said, in words; outcomes must be equal, numbers to six digits.

    >>> from everfit.values import Outcome
    >>> said = Verdict("above_bar", Outcome.PASSED, "", effect=0.75)
    >>> different([said], [Verdict("above_bar", Outcome.FAILED, "", effect=0.75)])
    ('above_bar passed then, failed now',)
    >>> different([said], [Verdict("above_bar", Outcome.PASSED, "in other words", effect=0.75 + 1e-12)])
    ()
    """
    return tuple(said for one, other in zip_longest(then, now) if (said := _difference(one, other)))


def _difference(then: Verdict | Detail | None, now: Verdict | Detail | None) -> str:
    if then is None or now is None:
        return f"{_name(then or now)} was asked only once"
    if _name(then) != _name(now):
        return f"{_name(then)} then, {_name(now)} now"
    if then.outcome != now.outcome:
        return f"{_name(then)} {then.outcome.value} then, {now.outcome.value} now"
    for name in ("effect", "low", "high", "bar", "n", "p", "level", "detectable"):
        before, after = getattr(then, name, None), getattr(now, name, None)
        if not _near(before, after):
            return f"{name} of {_name(then)} {before} then, {after} now"
    parts = (getattr(one, "parts", ()) for one in (then, now))
    return next((f"{_name(then)}: {said}" for one, two in zip_longest(*parts) if (said := _difference(one, two))), "")


def _near(before: Any, after: Any) -> bool:
    if before is None or after is None:
        return before is after
    return math.isclose(before, after, rel_tol=NEAR, abs_tol=NEAR) or (math.isnan(before) and math.isnan(after))


def _name(said: Verdict | Detail | None) -> str:
    return str(getattr(said, "gate", None) or getattr(said, "name", ""))
