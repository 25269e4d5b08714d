"""A small classifier that tells the rows of a window from those of a reference, each row judged by one that never saw
it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Yes = NDArray[np.bool_]

ROUNDS = 40
TREES: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 3,
    "eta": 0.2,
    "lambda": 2.0,
    "min_child_weight": 8.0,
    "nthread": 1,
}
"""Forty shallow trees: enough to see that columns moved, or moved together, too few to learn the rows by heart. One
thread, so that the same rows give the same answer on every machine."""


@dataclass(frozen=True, eq=False)
class Told:
    """How each row was judged by a classifier that had not seen its fold, and which columns the classifiers used.

    `odds` are log odds of belonging to the window where both sides weigh the same: the logarithm of how many times
    denser such rows are in the window. `gain` is the share of each column in the improvement that the trees made.
    """

    odds: Array
    gain: Array
    folds: Whole


def tell(
    matrix: NDArray[np.float32],
    window: Yes,
    folds: Whole,
    *,
    known: Array | None = None,
    seed: int = 0,
) -> Told:
    """Tell the rows of the window (`window` is True) from the others, out of fold; NaN in `matrix` is missing.

    `known` are log odds that are known already: the trees then learn what those leave to be told, and `odds` is that
    alone. Cross-fitting is that of Chernozhukov et al., Econometrics Journal 21 (2018) C1-C68: what judges a row knows
    nothing of it.
    """
    import numpy as np

    odds, gain = np.zeros(len(window)), np.zeros(matrix.shape[1])
    for fold in range(int(folds.max()) + 1):
        judged = folds == fold
        found, used = _fit(matrix, window, known, ~judged, judged, seed)
        odds[judged] = found
        gain += used
    total = float(gain.sum())
    return Told(odds, gain / total if total else gain, folds)


def _fit(
    matrix: NDArray[np.float32], window: Yes, known: Array | None, learned: Yes, judged: Yes, seed: int
) -> tuple[Array, Array]:
    import numpy as np
    import xgboost

    y = window[learned]
    weights = np.where(y, 0.5 / max(y.mean(), 1e-9), 0.5 / max(1 - y.mean(), 1e-9))
    offset = np.zeros(int(learned.sum())) if known is None else known[learned]
    data = xgboost.DMatrix(matrix[learned], label=y, weight=weights, base_margin=offset, nthread=1)
    booster = xgboost.train(TREES | {"seed": seed}, data, ROUNDS)
    there = xgboost.DMatrix(matrix[judged], base_margin=np.zeros(int(judged.sum())), nthread=1)
    used = np.zeros(matrix.shape[1])
    for name, value in booster.get_score(importance_type="total_gain").items():
        used[int(name[1:])] = value
    return np.asarray(booster.predict(there, output_margin=True), dtype=np.float64), used


def deal(clusters: Whole, folds: int) -> Whole:
    """Which fold each row is in: whole clusters, the next one always to the next fold.

    >>> import numpy as np
    >>> deal(np.array([3, 3, 5, 8, 9]), 2).tolist()
    [0, 0, 1, 0, 1]
    """
    import numpy as np

    return np.asarray(np.unique(clusters, return_inverse=True)[1] % folds, dtype=np.int64)


def sample(rows: int, most: int, seed: int) -> Whole:
    """Which of so many rows are looked at, in their order: all of them, or `most` drawn by the seed.

    >>> sample(3, 5, seed=0).tolist(), len(sample(100, 5, seed=0))
    ([0, 1, 2], 5)
    """
    import numpy as np

    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
