"""What a day does to all of its rows at once: without it, sums of rows look surer than they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def shared(loads: Array, days: NDArray[np.int64]) -> Array:
    """How much the sums of rows vary for each unit of variance of their days' shocks.

    `loads`, `(rows, sums)`: how much a shock of its day moves what a row adds to each sum. The result, `(sums, sums)`,
    leaves out what a row has in common with itself, for that is in its own variance already.

    >>> import numpy as np
    >>> shared(np.ones((4, 1)), np.array([1, 1, 1, 2])).tolist()  # six ordered pairs of rows of one day
    [[6.0]]
    """
    import numpy as np

    _, codes = np.unique(days, return_inverse=True)
    sums = np.stack([np.bincount(codes, load) for load in loads.T], axis=1)
    return np.asarray(sums.T @ sums - loads.T @ loads)


def variance_of_shocks(residuals: Array, variances: Array, loads: Array, days: NDArray[np.int64]) -> float:
    """The variance of days' shocks, at least 0: by how much more the sums of days vary than their rows explain.

    `variances` are those that the residuals would have by themselves, `loads` as in `shared`.

    Source: the method of moments for a variance component, as in DerSimonian and Laird, Controlled Clinical Trials 7
    (1986) 177-188.

    >>> import numpy as np
    >>> variance_of_shocks(np.array([1.0, 1.0, -1.0, -1.0]), np.ones(4), np.ones(4), np.array([0, 0, 1, 1]))
    1.0
    """
    import numpy as np

    _, codes = np.unique(days, return_inverse=True)
    sums = np.bincount(codes, residuals)
    pairs = float(shared(loads[:, None], days)[0, 0])
    return max(float(sums @ sums - variances.sum()) / pairs, 0.0) if pairs > 0 else 0.0
