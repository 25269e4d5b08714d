"""Pearson's chi-squared of two samples, as an effect."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from everfit.statistics.drift.drift import LEVEL, Drift

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.drift.pair import Pair

MINIMUM = 0.2
"""That of a bell curve shifted by a fifth of its standard deviation."""


def chi_squared(pair: Pair, level: float = LEVEL, minimum: float = MINIMUM) -> Drift:
    """Cohen's w of two samples: the root of the sum of `(q - p)^2` over the shares of both together.

    Times `n m / (n + m)` its square is Pearson's chi-squared of independent rows, with its p-value; for rows that go
    together by cluster it has the correction of Rao and Scott (see `quadratic`).

    Sources: Pearson, Biometrika 8 (1911) 250-254; Cohen, Statistical Power Analysis (1988), chapter 7.
    """
    value = float(effect(pair.reference, pair.window, pair.pooled))
    law = pair.law
    return Drift("chi-squared", value, sqrt(law.reach(level)), law.p(value**2), minimum, level)


def effect(p: NDArray[np.float64], q: NDArray[np.float64], pooled: NDArray[np.float64]) -> Any:
    """The root of the sum of squared differences, each over its share, over the last axis."""
    import numpy as np

    return np.sqrt(np.sum((q - p) ** 2 / pooled, axis=-1))
