"""Jensen and Shannon's distance."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from everfit.statistics.drift.drift import LEVEL, Drift

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.drift.pair import Pair

MINIMUM = 0.07
"""That of a bell curve shifted by a fifth of its standard deviation: the shift over the root of 8."""


def jensen_shannon(pair: Pair, level: float = LEVEL, minimum: float = MINIMUM) -> Drift:
    """Jensen and Shannon's distance in natural units: 0 for equal shares, sqrt(ln 2) = .833 where nothing is shared.

    If nothing drifted, eight times its square is nearly the sum of `(q - p)^2 / p`; see `psi`, to which it adds that
    cells which only one of them fills count for no more than they hold.

    With as many rows on either side that is the likelihood ratio's G, whose law in few rows is nearer with Williams'
    factor.

    Sources: Lin, IEEE Transactions on Information Theory 37 (1991) 145-151; Endres and Schindelin, same 49 (2003)
    1858-1860; Williams, Biometrika 63 (1976) 33-37.
    """
    value = float(distance(pair.reference, pair.window))
    law = pair.law.times(_williams(pair))
    return Drift("Jensen-Shannon", value, sqrt(law.reach(level) / 8), law.p(8 * value**2), minimum, level)


def distance(p: NDArray[np.float64], q: NDArray[np.float64]) -> Any:
    """The distance of shares, over the last axis, as `scipy.spatial.distance.jensenshannon` has it.

    >>> import numpy as np
    >>> round(float(distance(np.array([1.0, 0.0]), np.array([0.5, 0.5]))), 6)
    0.464501
    """
    import numpy as np
    from scipy.special import rel_entr

    middle = (p + q) / 2
    divergence = np.sum(rel_entr(p, middle) + rel_entr(q, middle), axis=-1) / 2
    return np.sqrt(np.maximum(divergence, 0))


def _williams(pair: Pair) -> float:
    """By how much G is larger on average than chi-squared, for so many rows and cells."""
    one, two = pair.rows
    both, cells = one + two, len(pair.pooled)
    return 1 + (both / one + both / two - 1) * (float((1 / pair.pooled).sum()) - 1) / (6 * both * (cells - 1))
