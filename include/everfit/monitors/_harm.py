"""From an interval and a bar to a signal: the rule, and the words, of the monitors that look at losses and labels."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

from everfit.signals import Point, Signal
from everfit.statistics.calibration_drift import difference
from everfit.statistics.interval import FEWEST_EQUAL, LEVEL, Estimate, count_clusters, effective
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST_DAYS = 7
"""Of fewer days nobody knows how much days differ. That is less than a gate asks for: a week of rows must do."""

FEWEST_LABELS = 30
"""Of fewer labels there is no mean worth an interval."""


def ends(found: Estimate, level: float) -> tuple[float, float]:
    """The end that shows harm, at the level of this look, and the end that rules it out, at 95 %.

    The looks of a year share one chance of a false alarm, so that the first is far out. To say that there is no harm
    costs none of it.

    >>> low, high = ends(Estimate(0.0, 0, 0, 600, 60, 59, 1.0), level=0.001)
    >>> round(low, 2), round(high, 2)
    (-3.23, 1.67)
    """
    from scipy.special import stdtrit

    low, high = (float(stdtrit(found.freedom, share)) * found.error for share in (1 - level, LEVEL))
    return found.value - low, found.value + high


def with_ends(found: Estimate) -> Estimate:
    """The same with ends of 95 % each, from its error."""
    from scipy.special import stdtrit

    reach = float(stdtrit(found.freedom, LEVEL)) * found.error
    return replace(found, low=found.value - reach, high=found.value + reach, level=LEVEL)


def side(low: float, high: float, bar: float) -> Outcome:
    """Harm where all of the interval is beyond the bar, none where none of it is.

    >>> side(0.06, 0.2, bar=0.05).value, side(-0.1, 0.04, bar=0.05).value, side(0.0, 0.2, bar=0.05).value
    ('failed', 'passed', 'cannot tell')
    """
    if low > bar:
        return Outcome.FAILED
    return Outcome.PASSED if high <= bar else Outcome.CANNOT_TELL


def rise(now: Estimate, before: Estimate) -> Estimate:
    """By which share of what it was a figure is more than it was, by the delta method; they rest on different days.

    >>> now, before = (Estimate(value, 0, 0, 600, 60, 59, 0.01) for value in (0.44, 0.4))
    >>> found = rise(now, before)
    >>> round(found.value, 3), round(found.error, 4)  # sqrt(.01 ** 2 + (1.1 * .01) ** 2) / .4
    (0.1, 0.0372)
    """
    share = now.value / before.value
    scaled = replace(now, value=share - 1, error=now.error / before.value)
    usual = replace(before, value=0.0, error=before.error * share / before.value)
    return difference(scaled, usual)


def signal(
    monitor: str,
    found: Estimate,
    bar: float,
    reason: str,
    level: float,
    *,
    parts: tuple[Detail, ...] = (),
    course: tuple[Point, ...] = (),
    blind_to: str = "",
) -> Signal:
    """The signal that an estimate leads to, held against its bar."""
    low, high = ends(found, level)
    return Signal(
        monitor=monitor,
        outcome=side(low, high, bar),
        reason=reason,
        effect=finite(found.value),
        low=finite(low),
        high=finite(high),
        bar=bar,
        n=found.rows,
        test=f"t by day, {found.freedom:.3g} degrees of freedom; harm one-sided {100 * (1 - level):.6g} %, none 95 %",
        p=finite(found.p(bar, above=True)),
        level=1 - level,
        parts=parts,
        course=course,
        blind_to=blind_to,
    )


def cannot_tell(monitor: str, reason: str, n: int = 0, blind_to: str = "") -> Signal:
    """The signal where there is nothing to measure."""
    return Signal(monitor, Outcome.CANNOT_TELL, reason, n=n, blind_to=blind_to)


def too_few(days: NDArray[np.int64], what: str) -> str | None:
    """Why no interval can be had of rows on these days, or None if one can.

    >>> import numpy as np
    >>> too_few(np.arange(40) % 3, "labelled rows of the window")
    'the labelled rows of the window are of 3 days, and it takes 7 to know how much days differ'
    """
    if len(days) < FEWEST_LABELS:
        return f"there are {len(days)} {what}, and it takes {FEWEST_LABELS}"
    count = count_clusters(days)
    if count < FEWEST_DAYS:
        found = f"the {what} are of {count} day{'' if count == 1 else 's'}"
        return f"{found}, and it takes {FEWEST_DAYS} to know how much days differ"
    if (equal := effective(days)) < FEWEST_EQUAL:
        found = f"the {what} bunch so much on some of their {count} days that they say as little as {equal:.1f} equal"
        return f"{found} days, and it takes {FEWEST_EQUAL}"
    return None


def finite(value: float | None) -> float | None:
    """The number, or None where there is none or no end to it: JSON has neither."""
    return value if value is not None and isfinite(value) else None


def percent(share: float) -> str:
    """A share for people.

    >>> percent(0.0842), percent(-0.0042), percent(0.0), percent(1.5)
    ('8.4 %', '-0.42 %', '0 %', '150 %')
    """
    return f"{100 * share:.2g} %" if abs(share) < 1 else f"{100 * share:.0f} %"


def beyond(share: float) -> str:
    """A rise in words.

    >>> beyond(0.08), beyond(-0.03)
    ('8 % above', '3 % below')
    """
    return f"{percent(abs(share))} {'below' if share < 0 else 'above'}"


def sure(low: float, high: float, bar: float) -> str:
    """How sure a rise is, in words.

    >>> sure(0.06, 0.1, 0.05), sure(-0.1, 0.04, 0.05), sure(-0.1, -0.04, 0.05), sure(0.01, 0.12, 0.05)
    ('surely 6 % or more', 'surely at most 4 %', 'surely 4 % below or more', '1 to 12 %, allowed 5 %')
    """
    match side(low, high, bar):
        case Outcome.FAILED:
            return f"surely {percent(low)} or more"
        case Outcome.PASSED:
            return f"surely at most {percent(high)}" if high >= 0 else f"surely {percent(-high)} below or more"
    return f"{percent(low).removesuffix(' %')} to {percent(high)}, allowed {percent(bar)}"


def worst_first(part: Detail) -> tuple[int, float]:
    """A key to sort parts by: harm first, then what nobody knows; of these, what is surely the most of its bar."""
    order = (Outcome.FAILED, Outcome.CANNOT_TELL, Outcome.PASSED)
    return order.index(part.outcome), -((part.low or 0.0) / (part.bar or 1.0))
