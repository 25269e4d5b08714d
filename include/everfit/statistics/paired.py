"""Two models on the same rows: the difference of their losses, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from everfit.statistics.auc import auc
from everfit.statistics.interval import LEVEL, Estimate, Measured, estimate
from everfit.statistics.losses import TASKS as LOSSES
from everfit.statistics.losses import Loss, mean_loss, per_row
from everfit.statistics.mcnemar import clustered, mcnemar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.truth import Truth

    Array = NDArray[np.float64]

Compared = Literal[Loss, "auc"]
TASKS: dict[str, frozenset[str]] = LOSSES | {"auc": frozenset({"binary"})}
"""What two models are compared by, and the tasks that each is for: the losses, and the AUC, of which more is better."""


def loss_difference(
    loss: str, truth: Truth, ours: Array, theirs: Array, clusters: NDArray[np.int64], level: float = LEVEL
) -> Estimate:
    """The mean loss of `ours` less that of `theirs` on the same rows: below zero, ours is better.

    Row by row, since what makes a row hard is hard for both and cancels; by day, since the differences of one day's
    rows go together (see `estimate`, which has the sources). Of the AUC, what is missing to 1 is the loss: the
    difference is the champion's area less the candidate's, with DeLong's influences added up by day (Obuchowski, see
    `everfit.statistics.auc`).

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> truth, day = Truth(np.array([0.0, 1.0, 0.0, 1.0])), np.array([0, 0, 1, 1])
    >>> e = loss_difference("brier", truth, np.array([0.1, 0.9, 0.2, 0.8]), np.full(4, 0.5), day)
    >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
    (-0.225, -0.32, -0.13)
    """
    one, two = compared_loss(loss, truth, ours), compared_loss(loss, truth, theirs)
    return estimate(Measured(one.value - two.value, one.influence - two.influence), clusters, level)


@dataclass(frozen=True)
class Discordant:
    """The rows that only one of two classifiers gets wrong: how many are `ours` and `theirs`, and McNemar's p-values.

    Two-sided: `by_day` as days go together, `by_row` as if each row stood alone.
    """

    ours: int
    theirs: int
    by_day: float
    by_row: float


def discordant(truth: Truth, ours: Array, theirs: Array, clusters: NDArray[np.int64]) -> Discordant:
    """What McNemar's test says of two classifiers (see `everfit.statistics.mcnemar`).

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> truth, day = Truth(np.array([0.0, 1.0, 0.0, 1.0])), np.array([0, 0, 1, 1])
    >>> found = discordant(truth, np.array([0.1, 0.9, 0.2, 0.3]), np.full(4, 0.7), day)
    >>> found.ours, found.theirs, round(found.by_day, 2), found.by_row
    (1, 2, 0.32, 1.0)
    """
    import numpy as np

    wrong = per_row("zero_one", truth, ours) - per_row("zero_one", truth, theirs)
    _, codes = np.unique(clusters, return_inverse=True)
    one, two = int((wrong > 0).sum()), int((wrong < 0).sum())
    return Discordant(one, two, clustered(np.bincount(codes, weights=wrong).astype(np.float64)), mcnemar(one, two))


def compared_loss(loss: str, truth: Truth, scores: Array) -> Measured:
    """What is compared: the mean loss, or of the AUC what is missing to 1."""
    if loss != "auc":
        return mean_loss(loss, truth, scores)
    area = auc(truth.y, scores)
    return Measured(1 - area.value, -area.influence)
