"""What XGBoost minimises and measures for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from everfit.models import Training

OBJECTIVES = {"binary": "binary:logistic", "regression": "reg:squarederror"}
METRICS = {"binary": ["auc", "logloss"], "regression": ["rmse", "mae"]}


def objective(data: Training) -> dict[str, Any]:
    """The parameters of XGBoost that follow from the task."""
    return {"objective": OBJECTIVES[data.task], "eval_metric": METRICS[data.task]}
