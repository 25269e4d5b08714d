"""Wasserstein's distance between bins, in standard deviations of the reference."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from everfit.statistics.drift.drift import LEVEL, Drift
from everfit.statistics.drift.laws import absolute

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.drift.pair import Pair

    Array = NDArray[np.float64]

MINIMUM = 0.2
"""A shift by a fifth of the standard deviation."""


def wasserstein(pair: Pair, level: float = LEVEL, minimum: float = MINIMUM) -> Drift:
    """How far values moved on average, in standard deviations: the area between the two distribution functions.

    All values of a bin are taken to be at its place (see `Bins`), those outside of what the reference had at its ends.
    So it says nothing of a column that was constant; the others do. If nothing drifted, the distance is a sum of
    absolute normal variables; see `absolute`.

    Sources: Vallender, Theory of Probability and its Applications 18 (1974) 784-786; del Barrio, Gine and Matran,
    Annals of Probability 27 (1999) 1009-1071 (its law); the division by the standard deviation as in Evidently.
    """
    import numpy as np

    if pair.places is None:
        raise ValueError("Wasserstein's distance needs to know where cells are: it is for columns of numbers")
    gaps = np.diff(pair.places)
    value = float(area(pair.reference, pair.window, gaps))
    law = absolute(np.cumsum(np.cumsum(pair.covariance, axis=0), axis=1)[:-1, :-1], gaps, pair.freedom)
    band, p = sqrt(law.reach(level)), law.p(value**2)
    unit = pair.spread or 1.0
    return Drift("Wasserstein", value / unit, band / unit, p, minimum, level)


def area(p: Array, q: Array, gaps: Array) -> Any:
    """The area between cumulated shares, over the last axis; `gaps` are the distances from each place to the next."""
    import numpy as np

    return np.abs(np.cumsum(q - p, axis=-1))[..., :-1] @ gaps
