"""The population stability index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.statistics.drift.drift import LEVEL, Drift

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.drift.pair import Pair

MINIMUM = 0.04
"""That of a bell curve shifted by a fifth of its standard deviation: about the square of the shift."""


def psi(pair: Pair, level: float = LEVEL, minimum: float = MINIMUM) -> Drift:
    """PSI: the sum over cells of (q - p) ln(q / p), which is Kullback and Leibler's divergence both ways.

    If nothing drifted it is nearly the sum of `(q - p)^2 / p`, and so (1/n + 1/m) times chi-squared with a degree of
    freedom less than cells: at n = m = 500 and ten cells chance alone takes it to .068 in one of twenty. A fixed bar of
    .1 or .25 knows nothing of that. Half a row is added to each cell, so that an empty one is no infinite drift.

    Sources: Kullback and Leibler, Annals of Mathematical Statistics 22 (1951) 79-86; Yurdakul (2018), theorem 3.1;
    Yurdakul and Naranjo, J. Risk Model Validation 14 (2020) 89-100.
    """
    cells = len(pair.reference)
    p, q = ((shares * rows + 0.5) / (rows + cells / 2) for shares, rows in zip(_both(pair), pair.rows, strict=True))
    value, law = float(index(p, q)), pair.law
    return Drift("PSI", value, law.reach(level), law.p(value), minimum, level)


def index(p: NDArray[np.float64], q: NDArray[np.float64]) -> Any:
    """PSI of shares above 0, over the last axis.

    >>> import numpy as np
    >>> round(float(index(np.array([0.5, 0.5]), np.array([0.6, 0.4]))), 4)
    0.0405
    """
    import numpy as np

    return np.sum((q - p) * np.log(q / p), axis=-1)


def _both(pair: Pair) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return pair.reference, pair.window
