"""How good an order is: the normalised discounted cumulative gain of each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.statistics.interval import Measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.truth import Truth

    Array = NDArray[np.float64]


def ndcg(truth: Truth, scores: Array, k: int | None = None) -> Measured:
    """The mean NDCG over the groups that have an order to find; with `k`, only the first so many places count.

    A row's gain is its relevance itself, at place `r` (from 1) divided by `log2(r + 1)`; the sum over a group is held
    against that of the best order. Rows of equal score share their places, so that a constant answer is worth what a
    random order is. Groups whose rows are all equally relevant have no order to find and are left out. A group's
    influence is spread over its rows, so that it can be added up by day like any other metric's.

    Sources: Jarvelin and Kekalainen, ACM TOIS 20 (2002) 422-446; for ties McSherry and Najork, ECIR 2008, 414-421.

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> truth = Truth(np.array([3.0, 0.0, 1.0]), np.array([7, 7, 7]))
    >>> round(ndcg(truth, np.array([0.9, 0.5, 0.1])).value, 4), ndcg(truth, np.array([0.9, 0.1, 0.5])).value
    (0.9639, 1.0)
    """
    import numpy as np

    _, codes, sizes = np.unique(truth.lists, return_inverse=True, return_counts=True)
    found, best = (_gain(codes, sizes, truth.y, by, k) for by in (scores, truth.y))
    asked = has_order(truth)
    count = int(asked.sum())
    if not count:
        return Measured(float("nan"), np.zeros(truth.rows))
    values = np.divide(found, best, out=np.ones(len(sizes)), where=best > 0)
    value = float(values[asked].mean())
    influence = np.where(asked, (values - value) / count / sizes, 0.0)
    return Measured(value, influence[codes])


def has_order(truth: Truth) -> NDArray[np.bool_]:
    """Which groups, in order of their number, have rows of different relevance."""
    import numpy as np

    _, codes = np.unique(truth.lists, return_inverse=True)
    if not truth.rows:
        return np.zeros(0, dtype=bool)
    groups = int(codes.max()) + 1
    high, low = np.full(groups, -np.inf), np.full(groups, np.inf)
    np.maximum.at(high, codes, truth.y)
    np.minimum.at(low, codes, truth.y)
    return np.asarray(high > low)


def _gain(codes: NDArray[np.int64], sizes: NDArray[np.int64], relevance: Array, by: Array, k: int | None) -> Array:
    """The discounted gain of each group when its rows are in descending order of `by`, those of a tie averaged."""
    import numpy as np

    order = np.lexsort((-by, codes))
    group, ordered = codes[order], by[order]
    places = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    discount = 1 / np.log2(places + 2)
    if k is not None:
        discount[places >= k] = 0
    starts = np.r_[True, (group[1:] != group[:-1]) | (ordered[1:] != ordered[:-1])][: len(order)]
    tie = np.cumsum(starts) - 1
    shared = np.bincount(tie, weights=discount) / np.bincount(tie)
    return np.asarray(np.bincount(group, weights=relevance[order] * shared[tie], minlength=len(sizes)), dtype=float)
