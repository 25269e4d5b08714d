"""The area under the ROC curve, and how much each row moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.statistics.interval import Measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def auc(y: Array, scores: Array) -> Measured:
    """The AUC of `scores` for labels `y` (0 or 1, both present), with DeLong's structural components as influences.

    The component of a positive row is the share of negatives that it outranks (ties count half), that of a negative
    row the share of positives that outrank it. Sun and Xu get all of them from three rankings, in O(n log n); rows of
    equal score share one rank. Each component less the AUC, over the size of its class, is the row's influence, so one
    variance serves them all: added up by row it is DeLong's, added up by day it is Obuchowski's for clustered data, and
    the difference of two models' influences gives the interval of a paired difference.

    Sources: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845; Sun and Xu, IEEE Signal Processing Letters
    21 (2014) 1389-1393; Obuchowski, Biometrics 53 (1997) 567-578.

    >>> import numpy as np
    >>> m = auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))
    >>> m.value, m.influence.tolist()
    (0.75, [0.125, -0.125, -0.125, 0.125])
    """
    import numpy as np

    positive = y == 1
    components = np.empty(len(y))
    ranks = midranks(scores)
    m, n = int(positive.sum()), int((~positive).sum())
    components[positive] = (ranks[positive] - midranks(scores[positive])) / n
    components[~positive] = 1 - (ranks[~positive] - midranks(scores[~positive])) / m
    value = float(components[positive].mean())
    return Measured(value, (components - value) / np.where(positive, m, n))


def delong_covariance(y: Array, influences: list[Array]) -> Array:
    """DeLong's covariance matrix of several AUCs on the same independent rows, from the influences of each.

    Shape: one row and one column per AUC. For rows that depend on each other by day use `estimate` instead.

    >>> import numpy as np
    >>> y = np.array([0.0, 0.0, 1.0, 1.0])
    >>> delong_covariance(y, [auc(y, np.array([0.1, 0.4, 0.35, 0.8])).influence]).tolist()
    [[0.125]]
    """
    import numpy as np

    stacked = np.array(influences)
    total = np.zeros((len(stacked), len(stacked)))
    for part in (stacked[:, y == 1], stacked[:, y != 1]):
        size = part.shape[1]
        total += size / (size - 1) * part @ part.T
    return total


def midranks(values: Array) -> Array:
    """Ranks from 1; equal values share the middle of theirs."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[first, len(values)])
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(first + (sizes + 1) / 2, sizes)
    return ranks
