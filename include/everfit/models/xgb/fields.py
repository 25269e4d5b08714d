"""What XGBoost is told of the rows of a piece beside their features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.models import Rows


def fields(task: str, piece: Rows) -> dict[str, Any]:
    """Label and weight; for a ranking the groups, with one weight each; for survival the bounds of the time.

    The rows of a group must lie in one piece: XGBoost takes a group that goes on in the next piece for another one.
    """
    import numpy as np

    told: dict[str, Any] = {"label": piece.labels, "weight": piece.weights}
    if task == "ranking" and piece.groups is not None:
        runs = np.cumsum(np.r_[True, piece.groups[1:] != piece.groups[:-1]][: piece.rows])  # XGBoost wants them to rise
        told["qid"] = runs
        told["weight"] = None if piece.weights is None else _mean_by_group(piece.weights, runs)
    if task == "survival":
        observed = np.ones(piece.rows, dtype=bool) if piece.observed is None else piece.observed
        told["label_lower_bound"] = piece.labels
        told["label_upper_bound"] = np.where(observed, piece.labels, np.float32(np.inf)).astype(np.float32)
    return told


def _mean_by_group(weights: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.float32]:
    import numpy as np

    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(np.bincount(codes, weights=weights) / sizes, dtype=np.float32)
