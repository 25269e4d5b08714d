"""Two models on the same rows: the difference of their losses, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.statistics.interval import LEVEL, Estimate, Measured, estimate
from everfit.statistics.losses import mean_loss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.truth import Truth

    Array = NDArray[np.float64]


def loss_difference(
    loss: str, truth: Truth, ours: Array, theirs: Array, clusters: NDArray[np.int64], level: float = LEVEL
) -> Estimate:
    """The mean loss of `ours` less that of `theirs` on the same rows: below zero, ours is better.

    Row by row, since what makes a row hard is hard for both and cancels; by day, since the differences of one day's
    rows go together (see `estimate`, which has the sources).

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> truth, day = Truth(np.array([0.0, 1.0, 0.0, 1.0])), np.array([0, 0, 1, 1])
    >>> e = loss_difference("brier", truth, np.array([0.1, 0.9, 0.2, 0.8]), np.full(4, 0.5), day)
    >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
    (-0.225, -0.32, -0.13)
    """
    one, two = mean_loss(loss, truth, ours), mean_loss(loss, truth, theirs)
    return estimate(Measured(one.value - two.value, one.influence - two.influence), clusters, level)
