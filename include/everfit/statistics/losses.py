"""Losses: what a wrong answer costs. Smaller is better for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from everfit.statistics.interval import Measured, mean
from everfit.statistics.ndcg import ndcg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.truth import Truth

    Array = NDArray[np.float64]

Loss = Literal[
    "log_loss",
    "brier",
    "zero_one",
    "squared",
    "absolute",
    "pinball",
    "ndcg_loss",
    "ndcg_at_10_loss",
    "aft_nloglik",
]

CLASSES = frozenset({"binary", "multiclass"})
TASKS: dict[str, frozenset[str]] = {
    "log_loss": CLASSES,
    "brier": CLASSES,
    "zero_one": CLASSES,
    "squared": frozenset({"regression"}),
    "absolute": frozenset({"regression"}),
    "pinball": frozenset({"quantile"}),
    "ndcg_loss": frozenset({"ranking"}),
    "ndcg_at_10_loss": frozenset({"ranking"}),
    "aft_nloglik": frozenset({"survival"}),
}
"""The losses that there are, and the tasks that each is for."""

TITLES: dict[str, str] = {
    "log_loss": "log loss",
    "brier": "Brier score",
    "zero_one": "error rate",
    "squared": "mean squared error",
    "absolute": "mean absolute error",
    "pinball": "pinball loss",
    "ndcg_loss": "1 - NDCG",
    "ndcg_at_10_loss": "1 - NDCG of the first 10",
    "aft_nloglik": "negative log-likelihood of the times",
}
"""What people call them."""

NEAREST = 1e-15
"""A probability is kept this far from 0 and 1, so that a sure and wrong answer costs 34.5 and not infinity."""

FIRST = 10
"""The places that count for `ndcg_at_10`."""


def mean_loss(loss: str, truth: Truth, scores: Array) -> Measured:
    """The mean loss of `scores`, over rows, or over groups where only a whole group has a loss."""
    if loss in ("ndcg_loss", "ndcg_at_10_loss"):
        found = ndcg(truth, scores, FIRST if loss == "ndcg_at_10_loss" else None)
        return Measured(1 - found.value, -found.influence)
    return mean(per_row(loss, truth, scores))


def per_row(loss: str, truth: Truth, scores: Array) -> Array:
    """The loss of each row: `scores` has the probability or the prediction, or a column of them per class or quantile.

    `zero_one` calls a row late, ill or bad when its probability is at least one half; of several classes it calls the
    likeliest. `brier` of several classes is the sum over all of them, which is twice that of a binary task. `pinball`
    is the mean over the quantiles.

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> truth, p = Truth(np.array([1.0, 0.0])), np.array([0.8, 0.4])
    >>> per_row("log_loss", truth, p).round(4).tolist(), per_row("brier", truth, p).round(2).tolist()
    ([0.2231, 0.5108], [0.04, 0.16])
    """
    import numpy as np

    match loss:
        case "log_loss":
            found = -np.log(np.clip(_given_to_the_truth(truth.y, scores), NEAREST, 1 - NEAREST))
        case "zero_one":
            found = _called(scores) != truth.y
        case "brier" if scores.ndim > 1:
            found = ((scores - (np.arange(scores.shape[1]) == truth.y[:, None])) ** 2).sum(axis=1)
        case "brier" | "squared":
            found = (scores - truth.y) ** 2
        case "absolute":
            found = np.abs(scores - truth.y)
        case "pinball":
            short, levels = truth.y[:, None] - scores, np.array(truth.levels)
            found = np.maximum(levels * short, (levels - 1) * short).mean(axis=1)
        case "aft_nloglik":
            found = _aft(truth, scores)
        case _:
            raise ValueError(f"there is no loss {loss!r} by row (known: {', '.join(TASKS)})")
    return np.asarray(found, dtype=np.float64)


def _called(scores: Array) -> Any:
    return scores.argmax(axis=1) if scores.ndim > 1 else scores >= 0.5  # noqa: PLR2004 - one half is the meaning


def _given_to_the_truth(y: Array, scores: Array) -> Array:
    import numpy as np

    if scores.ndim > 1:
        return np.asarray(scores[np.arange(len(y)), y.astype(np.int64)])
    return np.where(y == 1, scores, 1 - scores)


def _aft(truth: Truth, scores: Array) -> Array:
    """The negative log-likelihood of times around the predicted ones, log-normal with scale 1 whoever predicted.

    A row whose event was not observed costs the surprise that it lasted at least so long. The scale is the same for
    all, so that models trained with different ones can be compared (XGBoost's `aft-nloglik` with its defaults).
    Source: Barnwal, Cho and Hocking, J. Computational and Graphical Statistics 31 (2022) 1292-1302.
    """
    import numpy as np
    from scipy.special import log_ndtr

    late = np.log(truth.y) - np.log(np.clip(scores, NEAREST, None))
    seen = late**2 / 2 + np.log(2 * np.pi) / 2 + np.log(truth.y)
    return np.asarray(np.where(truth.events, seen, -log_ndtr(-late)))
