"""From numbers to places in a drawing, and the round numbers that are written at an axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

STEPS = (1, 2, 2.5, 5, 10)
TICKS = 5


@dataclass(frozen=True)
class Axis:
    """One axis: the numbers at its ends, the places of those in the drawing, and whether its numbers are shares."""

    low: float
    high: float
    begin: float
    end: float
    percent: bool = False

    @classmethod
    def over(
        cls,
        values: Iterable[float],
        begin: float,
        end: float,
        *,
        percent: bool = False,
        zero: bool = False,
        tight: bool = False,
    ) -> Axis:
        """An axis on which all values have room (`tight`: none beyond them); with `zero`, it begins or ends at 0.

        >>> Axis.over([0.1, 0.9], 0, 100, percent=True).low, Axis.over([2.0, 4.0], 0, 100, zero=True).low
        (0.0, 0.0)
        """
        known = [*values, *([0.0] if zero else [])] or [0.0, 1.0]
        low, high = min(known), max(known)
        if percent and low >= 0 and high > PART:
            return cls(0.0, 1.0, begin, end, percent)
        if high - low <= TINY * max(abs(low), abs(high), TINY):
            around = max(abs(low), abs(high))
            around = around if around > TINY else 1.0
            low, high = low - around, high + around
        room = 0.0 if tight else 0.05 * (high - low)
        return cls(low if low == 0 else low - room, high if high == 0 else high + room, begin, end, percent)

    def at(self, value: float) -> float:
        """Where a number is; one beyond an end is at that end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.begin + share * (self.end - self.begin), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and words of the round numbers on it."""
        step = _step((self.high - self.low) / TICKS)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [(self.at(one * step), self._word(one * step, step)) for one in range(first, last + 1)]

    def _word(self, value: float, step: float) -> str:
        if self.percent:
            return f"{100 * value:.{_digits(100 * step)}f} %"
        return short(round(value, 12)) if abs(value) >= THOUSAND else f"{value:.{_digits(step)}f}".replace("-", "−")  # noqa: RUF001


PART = 0.8
"""An axis of shares that reach beyond this goes to 100 %."""
THOUSAND = 1000
TINY = 1e-12
"""Numbers that differ by less, of their size, are one number: there are no round numbers between them."""


def short(value: float) -> str:
    """Four digits; whole numbers for large ones; a minus that can be seen.

    >>> short(12345.6), short(0.00123456)
    ('12,346', '0.001235')
    """
    text = f"{value:,.0f}" if abs(value) >= THOUSAND else f"{value:.4g}"
    return text.replace("-", "−")  # noqa: RUF001 - a minus


def _step(least: float) -> float:
    """The smallest round number that is not below.

    >>> _step(0.03), _step(7.0)
    (0.05, 10.0)
    """
    size = 10.0 ** floor(log10(least))
    return next(one * size for one in STEPS if one * size >= least * (1 - 1e-9))


def _digits(step: float) -> int:
    """So many decimals tell its multiples apart.

    >>> _digits(0.05), _digits(2.5), _digits(20)
    (2, 1, 0)
    """
    return next((digits for digits in range(12) if abs(round(step, digits) - step) < 1e-9 * step), 12)
