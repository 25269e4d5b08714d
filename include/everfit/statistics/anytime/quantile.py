"""A quantile of latencies, watched all the time."""

from __future__ import annotations

from everfit.statistics.anytime.beta_binomial import STRENGTH, larger

_STEPS, _TIMES = 65, 4


def ranks(rows: float, share: float, low: float, high: float, strength: float = STRENGTH) -> tuple[float, float]:
    """Between which shares of the ordered values the quantile `share` lies, at any look; each end has an own alpha.

    How many values are at most the true quantile is a count of yes with chance `share`; a value is out of question as
    the quantile when the count of those below it is. So no distribution of the values is assumed; they are to be
    independent, or `rows` to be as many independent ones as they are worth. An end of 0 or 1 is none.

    Source: Howard and Ramdas, Bernoulli 28 (2022) 1704-1728, section 3 (the beta-binomial bound).

    >>> [round(end, 4) for end in ranks(10_000, 0.99, 0.05, 0.05)]
    [0.9868, 0.9929]
    """
    return 1 - _reached(rows, 1 - share, low, strength), _reached(rows, share, high, strength)


def _reached(rows: float, share: float, alpha: float, strength: float) -> float:
    """The smallest part of the rows that is too much for a count with chance `share`."""
    import numpy as np

    parts = np.linspace(share, 1.0, _STEPS)
    for _ in range(_TIMES):
        refused = larger(parts * rows, (1 - parts) * rows, share, strength) >= -np.log(alpha)
        if not refused[-1]:
            return 1.0
        place = int(np.argmax(refused))
        parts = np.linspace(parts[max(place - 1, 0)], parts[place], _STEPS)
    return float(parts[-1])
