"""A share of yes and no, watched all the time: the beta-binomial e-process and the bounds that it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

STRENGTH = 100.0
"""How many rows the prior about a share counts for: bounds are narrowest after about ten times as many."""

_HALVINGS = 32


def e_value(yes: Any, no: Any, share: Any, a: Any = 1.0, b: Any = 1.0) -> Array:
    """The evidence that the share of yes is not `share`: how much better Beta(a, b) foretold the counts than it did.

    Whoever bets at fair odds that the share is another one has so many times the stake. Independent rows, or rows whose
    chance of yes is `share` whatever came before.

    Sources: Robbins, Annals of Mathematical Statistics 41 (1970) 1397-1409; Lindon and Malek, NeurIPS 2022 (arXiv
    2011.03567), in which yes is "came from the challenger".

    >>> [round(float(found), 5) for found in e_value([10, 5], [10, 25], 0.5)]
    [0.27026, 243.05526]
    """
    import numpy as np

    return np.asarray(np.exp(_log_e(*_arrays(yes, no, share, a, b))))


def at_least(yes: Any, rows: Any, alpha: float, strength: float = STRENGTH) -> Array:
    """The lower bound of the share of yes: with probability `1 - alpha` the truth is never below it, at any look.

    The prior at each share that is tried is Beta about it, cut to what is larger. Counts need not be whole.

    >>> round(float(at_least(30, 100, 0.05)), 3), float(at_least(0, 10, 0.05))
    (0.17, 0.0)
    """
    import numpy as np

    yes, rows = np.broadcast_arrays(np.asarray(yes, dtype=np.float64), np.asarray(rows, dtype=np.float64))
    low, high = np.zeros(yes.shape), np.divide(yes, rows, out=np.zeros(yes.shape), where=rows > 0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        refused = larger(yes, rows - yes, middle, strength) >= -np.log(alpha)
        low, high = np.where(refused, middle, low), np.where(refused, high, middle)
    return low


def at_most(yes: Any, rows: Any, alpha: float, strength: float = STRENGTH) -> Array:
    """The upper bound of the share of yes, see `at_least`.

    >>> round(float(at_most(70, 100, 0.05)), 3), float(at_most(0, 0, 0.05))
    (0.83, 1.0)
    """
    import numpy as np

    rows = np.asarray(rows, dtype=np.float64)
    return 1.0 - at_least(rows - yes, rows, alpha, strength)


def larger(yes: Any, no: Any, share: Any, strength: float = STRENGTH) -> Array:
    """The logarithm of the evidence that the share of yes is larger than `share`, which lies above 0 and below 1.

    The prior is Beta with mean `share`, worth `strength` rows, cut to what is larger. Below 0 where fewer came.
    """
    import numpy as np
    from scipy.special import betaincc

    yes, no, share = _arrays(yes, no, np.clip(share, 1e-12, 1 - 1e-12))
    a, b = strength * share, strength * (1 - share)
    with np.errstate(divide="ignore"):
        cut = np.log(betaincc(a + yes, b + no, share)) - np.log(betaincc(a, b, share))
    return np.asarray(_log_e(yes, no, share, a, b) + cut)


def _log_e(yes: Array, no: Array, share: Array, a: Array, b: Array) -> Array:
    import numpy as np
    from scipy.special import betaln, xlog1py, xlogy

    return np.asarray(betaln(a + yes, b + no) - betaln(a, b) - xlogy(yes, share) - xlog1py(no, -share))


def _arrays(*values: Any) -> tuple[Array, ...]:
    import numpy as np

    return tuple(np.asarray(value, dtype=np.float64) for value in values)
