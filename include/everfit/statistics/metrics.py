"""Metrics of one model on labelled rows, each with the influence of every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from everfit.statistics.auc import auc
from everfit.statistics.interval import Measured, mean
from everfit.statistics.losses import per_row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Metric = Literal["auc", "log_loss", "brier", "accuracy", "mae", "rmse", "r2"]

TASKS: dict[str, frozenset[str]] = {
    "auc": frozenset({"binary"}),
    "log_loss": frozenset({"binary"}),
    "brier": frozenset({"binary"}),
    "accuracy": frozenset({"binary"}),
    "mae": frozenset({"regression"}),
    "rmse": frozenset({"regression"}),
    "r2": frozenset({"regression"}),
}
"""The metrics that there are, and the tasks that each is for."""


def measure(metric: str, y: Array, scores: Array) -> Measured:
    """The metric of `scores` against labels `y`.

    `rmse` and `r2` are smooth functions of means; their influences follow by the delta method.

    >>> import numpy as np
    >>> y, scores = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])
    >>> round(measure("rmse", y, scores).value, 4), round(measure("r2", y, scores).value, 4)
    (0.5774, 0.5)
    """
    if metric == "auc":
        return auc(y, scores)
    if metric in ("log_loss", "brier"):
        return mean(per_row(metric, y, scores))
    if metric == "accuracy":
        return mean(1 - per_row("zero_one", y, scores))
    if metric == "mae":
        return mean(per_row("absolute", y, scores))
    if metric == "rmse":
        squared = mean(per_row("squared", y, scores))
        root = squared.value**0.5
        return Measured(root, squared.influence / (2 * root) if root else squared.influence)
    if metric == "r2":
        return _r2(y, scores)
    raise ValueError(f"there is no metric {metric!r} (known: {', '.join(TASKS)})")


def table(task: str, y: Array, scores: Array) -> dict[str, float]:
    """Every metric of the task, by name; `auc` and `r2` are left out when the label does not vary, all if a score is
    not finite.

    >>> import numpy as np
    >>> table("regression", np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    {'mae': 0.5, 'rmse': 0.7071067811865476, 'r2': -1.0}
    """
    import numpy as np

    if not np.isfinite(scores).all():
        return {}
    varies = len(y) > 0 and float(y.min()) != float(y.max())
    names = [name for name, tasks in TASKS.items() if task in tasks and (varies or name not in ("auc", "r2"))]
    return {name: measure(name, y, scores).value for name in names}


def _r2(y: Array, scores: Array) -> Measured:
    spread = (y - y.mean()) ** 2
    unexplained = (y - scores) ** 2
    share = float(unexplained.sum() / spread.sum())
    return Measured(1 - share, -(unexplained - share * spread) / spread.sum())
