"""Student's t for whole degrees of freedom, in closed form: no library has to be imported for a few numbers."""

from __future__ import annotations

from math import atan, cos, pi, sin, sqrt

_HALVINGS = 200


def two_sided(t: float, freedom: int) -> float:
    """How often Student's t with `freedom` degrees of freedom is at least as far from 0 as `t`.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.

    >>> round(two_sided(2.228, 10), 4), round(two_sided(12.706, 1), 4), two_sided(0.0, 5)
    (0.05, 0.05, 1.0)
    """
    angle = atan(abs(t) / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(3 if odd else 2, freedom, 2):
        term *= cos(angle) ** 2 * (step - 1) / step
        total += term
    within = 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
    return min(max(1 - within, 0.0), 1.0)


def reach(chance: float, freedom: int) -> float:
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
