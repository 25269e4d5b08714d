"""A quantile of latencies, watched all the time."""

from __future__ import annotations

from everfit.statistics.anytime.beta_binomial import STRENGTH, larger

_HALVINGS = 48


def ranks(rows: float, share: float, alpha: float, strength: float = STRENGTH) -> tuple[float, float]:
    """Between which shares of the ordered values the quantile `share` lies: each end one-sided at `alpha`, at any look.

    How many values are at most the true quantile is a count of yes with chance `share`; a value is out of question as
    the quantile when the count of those below it is. So no distribution of the values is assumed; they are to be
    independent, or `rows` to be as many independent ones as they are worth. An end of 0 or 1 is none.

    Source: Howard and Ramdas, Bernoulli 28 (2022) 1704-1728, section 3 (the beta-binomial bound).

    >>> [round(end, 4) for end in ranks(10_000, 0.99, 0.05)]
    [0.9868, 0.9929]
    """
    return 1 - _reached(rows, 1 - share, alpha, strength), _reached(rows, share, alpha, strength)


def _reached(rows: float, share: float, alpha: float, strength: float) -> float:
    """The smallest part of the rows that is too much for a count with chance `share`."""
    from math import log

    low, high = share, 1.0
    if rows <= 0 or float(larger(rows, 0.0, share, strength)) < -log(alpha):
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        refused = float(larger(middle * rows, (1 - middle) * rows, share, strength)) >= -log(alpha)
        low, high = (low, middle) if refused else (middle, high)
    return high
