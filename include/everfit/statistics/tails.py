"""Tails of Student's t and Fisher's F, for a handful of numbers: importing scipy costs more than working them out."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log

_HALVINGS = 80
_STEPS = 10_000
_TINY = 1e-300
_CLOSE = 1e-15


def two_sided(t: float, freedom: float) -> float:
    """How often Student's t with `freedom` degrees of freedom is at least as far from 0 as `t`.

    >>> round(two_sided(2.228, 10), 4), round(two_sided(12.706, 1), 4), two_sided(0.0, 5)
    (0.05, 0.05, 1.0)
    """
    return above(t * t, 1, freedom)


@lru_cache(maxsize=256)
def reach(chance: float, freedom: float) -> float:
    """The `t` for which `two_sided` is `chance`.

    >>> round(reach(0.05, 10), 3), round(reach(0.01, 3), 3)
    (2.228, 5.841)
    """
    low, high = 0.0, 1.0
    while two_sided(high, freedom) > chance:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, freedom) > chance else (low, middle)
    return high


def above(ratio: float, over: float, under: float) -> float:
    """How often Fisher's F with `over` and `under` degrees of freedom (whole or not) is at least `ratio`.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.6.2.

    >>> round(above(4.96, 1, 10), 3), round(above(3.33, 5, 10), 3)
    (0.05, 0.05)
    """
    if ratio <= 0:
        return 1.0
    whole = under + over * ratio
    return _incomplete_beta(under / whole, over * ratio / whole, under / 2, over / 2)


def _incomplete_beta(x: float, y: float, a: float, b: float) -> float:
    """The regularised incomplete beta function at x = 1 - y, by its continued fraction (DLMF 8.17.22)."""
    if min(x, y) <= 0:
        return float(x > 0)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y))
    if x < (a + 1) / (a + b + 2):
        return front / a * _fraction(x, a, b)
    return 1 - front / b * _fraction(y, b, a)


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's method: each step multiplies by what the next part of the fraction changes."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _STEPS):
        for part in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = _away(1 + part / c), 1 / _away(1 + part * d)
            found *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return found


def _away(number: float) -> float:
    """Not quite zero, to be divided by."""
    return number if abs(number) > _TINY else _TINY
