"""The answer of one who knows the training labels and nothing of the row that is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.truth import Truth

    Array = NDArray[np.float64]


def constant(task: str, truth: Truth, classes: int = 0) -> Array:
    """The constant that does best on these labels: one number, or one per class or quantile.

    The mean (binary: the share of ones), the share of each of the `classes` (multiclass), the quantiles, for a ranking
    0, since a constant orders nothing, and for survival the time whose likelihood is highest, rows without an event
    counted as lasting longer.

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> constant("multiclass", Truth(np.array([0.0, 1.0, 1.0, 1.0])), classes=3).tolist()
    [0.25, 0.75, 0.0]
    >>> constant("survival", Truth(np.array([1.0, 4.0]))).round(3).tolist()  # nothing is censored: the geometric mean
    [2.0]
    """
    import numpy as np

    match task:
        case "multiclass":
            return np.bincount(truth.y.astype(np.int64), minlength=classes)[:classes] / truth.rows
        case "quantile":
            return np.quantile(truth.y, truth.levels)
        case "ranking":
            return np.zeros(1)
        case "survival":
            return np.array([_lifetime(truth)])
        case _:
            return np.array([truth.y.mean()])


def _lifetime(truth: Truth) -> float:
    """The log-normal location (scale 1) of highest likelihood; the loss is convex in its logarithm."""
    import numpy as np
    from scipy.optimize import minimize_scalar

    from everfit.statistics.losses import per_row

    logs = np.log(truth.y)
    low, high = float(logs.min()), float(logs.max()) + 5.0
    found = minimize_scalar(
        lambda at: float(per_row("aft_nloglik", truth, np.full(truth.rows, np.exp(at))).mean()),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))
