"""What XGBoost minimises and measures for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError, UnknownName

if TYPE_CHECKING:
    from everfit.models import Objective, Training

OBJECTIVES = {
    "binary": ("binary:logistic",),
    "multiclass": ("multi:softprob",),
    "regression": (
        "reg:squarederror",
        "reg:absoluteerror",
        "reg:pseudohubererror",
        "reg:squaredlogerror",
        "reg:gamma",
        "reg:tweedie",
        "count:poisson",
    ),
    "quantile": ("reg:quantileerror",),
    "ranking": ("rank:ndcg", "rank:pairwise", "rank:map"),
    "survival": ("survival:aft",),
}
"""The objectives of XGBoost whose scores are an answer to the task, the usual one first.

Those that answer something else are left out: `survival:cox` gives a risk and no time, `binary:hinge` no probability.
"""

METRICS = {
    "binary": ["auc", "logloss"],
    "multiclass": ["mlogloss"],
    "regression": ["rmse", "mae"],
    "quantile": ["quantile"],
    "ranking": ["ndcg@10"],
    "survival": ["aft-nloglik"],
}

OWN = frozenset({"binary", "multiclass", "regression"})
"""The tasks that a function of the team's own can be the objective of: a row's loss follows from its label alone."""


def objective(data: Training, name: str = "") -> dict[str, Any]:
    """The parameters of XGBoost that follow from the task, and from the objective's name if it is not the usual one.

    With a function of the team's own the usual objective stays: it turns margins into scores, and the function brings
    the gradients.
    """
    usual = OBJECTIVES[data.task][0]
    params: dict[str, Any] = {"objective": name if ":" in name else usual, "eval_metric": METRICS[data.task]}
    match data.task:
        case "multiclass":
            params["num_class"] = len(data.classes)
        case "quantile":
            params["quantile_alpha"] = list(data.quantiles)
        case "ranking":
            params["ndcg_exp_gain"] = False  # a gain is the relevance itself, which need not be a small whole number
        case "survival":
            params["base_score"] = _usual_time(data)
    if data.objective is not None and data.task == "regression":
        params["base_score"] = _mean(data)  # XGBoost would begin at 0.5, far from minutes or prices
    return params


def check_objective(task: str, name: str) -> None:
    """Refuse an objective that does not answer the task; `UnknownName` with the ones that do."""
    if ":" in name and name not in OBJECTIVES[task]:
        raise UnknownName(f"objective for the task {task}", name, OBJECTIVES[task])
    if name and ":" not in name and task not in OWN:
        raise SpecError(
            f"a function of your own, {name!r}, can be the objective for {', '.join(sorted(OWN))}, and the task is "
            f"{task}: take one of XGBoost's ({', '.join(OBJECTIVES[task])})"
        )


def own(function: Objective | None) -> Any:
    """A function of the team's own as XGBoost takes it, weights multiplied in; None for none."""
    if function is None:
        return None

    def gradients(margins: Any, matrix: Any) -> Any:
        gradient, hessian = function(margins.astype("float64"), matrix.get_label().astype("float64"))
        weights = matrix.get_weight()
        if len(weights):
            by = weights.reshape(-1, *([1] * (margins.ndim - 1)))
            gradient, hessian = gradient * by, hessian * by
        return gradient.astype("float32"), hessian.astype("float32")

    return gradients


def _mean(data: Training) -> float:
    return sum(float(piece.labels.sum(dtype="float64")) for piece in data.train.pieces()) / data.train.rows


def _usual_time(data: Training) -> float:
    """The geometric mean of the times: where a likelihood of their logarithms begins."""
    import numpy as np

    logs = sum(float(np.log(piece.labels.astype("float64")).sum()) for piece in data.train.pieces())
    return float(np.exp(logs / data.train.rows))
