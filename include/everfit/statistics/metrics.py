"""Metrics of one model on labelled rows, each with the influence of every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from everfit.statistics.auc import auc
from everfit.statistics.concordance import concordance
from everfit.statistics.interval import Measured, mean
from everfit.statistics.losses import CLASSES, FIRST, per_row
from everfit.statistics.ndcg import has_order, ndcg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.truth import Truth

    Array = NDArray[np.float64]

Metric = Literal[
    "auc",
    "log_loss",
    "brier",
    "accuracy",
    "mae",
    "rmse",
    "r2",
    "pinball",
    "coverage",
    "ndcg",
    "ndcg_at_10",
    "concordance",
    "aft_nloglik",
]

TASKS: dict[str, frozenset[str]] = {
    "auc": frozenset({"binary"}),
    "log_loss": CLASSES,
    "brier": CLASSES,
    "accuracy": CLASSES,
    "mae": frozenset({"regression"}),
    "rmse": frozenset({"regression"}),
    "r2": frozenset({"regression"}),
    "pinball": frozenset({"quantile"}),
    "coverage": frozenset({"quantile"}),
    "ndcg": frozenset({"ranking"}),
    "ndcg_at_10": frozenset({"ranking"}),
    "concordance": frozenset({"survival"}),
    "aft_nloglik": frozenset({"survival"}),
}
"""The metrics that there are, and the tasks that each is for."""

LARGER_IS_BETTER = frozenset({"auc", "accuracy", "r2", "coverage", "ndcg", "ndcg_at_10", "concordance"})


def measure(metric: str, truth: Truth, scores: Array) -> Measured:
    """The metric of `scores` against what came.

    `rmse` and `r2` are smooth functions of means; their influences follow by the delta method. `coverage` is the share
    of labels from the lowest to the highest quantile.

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> truth, scores = Truth(np.array([1.0, 2.0, 3.0])), np.array([1.0, 2.0, 4.0])
    >>> round(measure("rmse", truth, scores).value, 4), round(measure("r2", truth, scores).value, 4)
    (0.5774, 0.5)
    """
    if metric in _OF_WHOLE:
        return _OF_WHOLE[metric](truth, scores)
    if metric in _BY_ROW:
        return mean(per_row(_BY_ROW[metric], truth, scores))
    raise ValueError(f"there is no metric {metric!r} (known: {', '.join(TASKS)})")


def table(task: str, truth: Truth, scores: Array) -> dict[str, float]:
    """Every metric of the task, by name; those that these labels have no value for are left out, all if a score is not
    finite.

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> table("regression", Truth(np.array([1.0, 2.0])), np.array([1.0, 3.0]))
    {'mae': 0.5, 'rmse': 0.7071067811865476, 'r2': -1.0}
    """
    import numpy as np

    if not np.isfinite(scores).all():
        return {}
    names = [name for name, tasks in TASKS.items() if task in tasks and has_value(name, truth)]
    return {name: measure(name, truth, scores).value for name in names}


def has_value(metric: str, truth: Truth) -> bool:
    """Whether these labels let the metric be measured at all: an AUC takes two kinds of them, a C an event."""
    if metric in ("auc", "r2"):
        return truth.rows > 0 and float(truth.y.min()) != float(truth.y.max())
    if metric == "coverage":
        return len(truth.levels) > 1
    if metric in ("ndcg", "ndcg_at_10"):
        return bool(has_order(truth).any())
    if metric == "concordance":
        return bool((truth.events & (truth.y < truth.y.max(initial=0))).any())
    return True


def _accuracy(truth: Truth, scores: Array) -> Measured:
    return mean(1 - per_row("zero_one", truth, scores))


def _rmse(truth: Truth, scores: Array) -> Measured:
    squared = mean(per_row("squared", truth, scores))
    root = squared.value**0.5
    return Measured(root, squared.influence / (2 * root) if root else squared.influence)


def _r2(truth: Truth, scores: Array) -> Measured:
    spread = (truth.y - truth.y.mean()) ** 2
    unexplained = (truth.y - scores) ** 2
    share = float(unexplained.sum() / spread.sum())
    return Measured(1 - share, -(unexplained - share * spread) / spread.sum())


def _coverage(truth: Truth, scores: Array) -> Measured:
    import numpy as np

    inside = (scores[:, 0] <= truth.y) & (truth.y <= scores[:, -1])
    return mean(np.asarray(inside, dtype=np.float64))


_BY_ROW = {
    "log_loss": "log_loss",
    "brier": "brier",
    "mae": "absolute",
    "pinball": "pinball",
    "aft_nloglik": "aft_nloglik",
}
_OF_WHOLE = {
    "auc": lambda truth, scores: auc(truth.y, scores),
    "accuracy": _accuracy,
    "rmse": _rmse,
    "r2": _r2,
    "coverage": _coverage,
    "ndcg": ndcg,
    "ndcg_at_10": lambda truth, scores: ndcg(truth, scores, FIRST),
    "concordance": concordance,
}
