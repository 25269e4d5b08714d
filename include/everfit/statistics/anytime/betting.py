"""The mean of bounded values by betting: bounds at any number of looks that assume no distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BETS = 40
_SMALLEST, _LARGEST = 1e-3, 0.99
_HALVINGS = 32


def at_least(values: Array, counts: Array, least: float, alpha: float) -> float:
    """The lower bound of the mean of values that are never below `least`, of which `values[i]` came `counts[i]` times.

    Somebody bets that the mean is larger than `m`: a fixed part of the purse on every value, 1 + bet * (value - m)
    times the purse after it. Forty purses, with bets from tiny to nearly all, are the mixture; where it has grown to
    1 / alpha, `m` is refused. All that is assumed: the expected value, given all that came before, is never larger than
    the mean that is spoken of. So it may change in time, and the order does not matter.

    Source: Waudby-Smith and Ramdas, J. Royal Statistical Society B 86 (2024) 1-27, with bets that are mixed and not
    learnt, so that counts suffice.

    >>> import numpy as np
    >>> came = np.array([-1.0, 0.0, 1.0]), np.array([2, 900, 98])
    >>> round(at_least(*came, -1, 0.05), 3), round(at_most(*came, 1, 0.05), 3)
    (0.068, 0.129)
    """
    import numpy as np

    wanted = -np.log(alpha)
    low, high = least, float(np.sum(values * counts) / max(np.sum(counts), 1)) if np.sum(counts) else least
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        refused = middle > least and evidence(values, counts, middle, least) >= wanted
        low, high = (middle, high) if refused else (low, middle)
    return low


def at_most(values: Array, counts: Array, most: float, alpha: float) -> float:
    """The upper bound of the mean of values that are never above `most`, see `at_least`."""
    return -at_least(-values, counts, -most, alpha)


def evidence(values: Array, counts: Array, mean: float, least: float) -> Array:
    """The logarithm of the evidence that the mean of values that are never below `least` is larger than `mean`.

    Shape of `counts`: `(..., values)`, so that a whole history of them is judged at once. The evidence falls as `mean`
    rises, so that the means that it refuses are all below one bound.
    """
    import numpy as np

    bets = np.geomspace(_SMALLEST, _LARGEST, BETS) / (mean - least)
    purses = counts @ np.log1p(bets * (values[:, None] - mean))
    largest = purses.max(axis=-1)
    return np.asarray(largest + np.log(np.mean(np.exp(purses - largest[..., None]), axis=-1)))
