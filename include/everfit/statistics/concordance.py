"""Harrell's C: how often the row whose event came first was told to be the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.statistics.interval import Measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.truth import Truth

    Array = NDArray[np.float64]
    Ranks = NDArray[np.int64]


def concordance(truth: Truth, scores: Array) -> Measured:
    """The share of comparable pairs in which the longer time was given the larger score; ties of scores count half.

    A pair is comparable when it is known which of the two came first: the earlier one's event was observed (of equal
    times, one was observed and the other was not). A row's influence is what leaving it out does, to first order: its
    concordant pairs less C times its comparable pairs, over all comparable pairs. Exact, in O(n log^2 n).

    Source: Harrell, Lee and Mark, Statistics in Medicine 15 (1996) 361-387.

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> truth = Truth(np.array([1.0, 2.0, 3.0]), observed=np.array([True, False, True]))
    >>> concordance(truth, np.array([10.0, 5.0, 30.0])).value  # 1 before 2, and 1 before 3; nobody knows of 2 and 3
    0.5
    """
    import numpy as np

    events = truth.events
    ranks = 2 * np.unique(truth.y, return_inverse=True)[1] + ~events  # of equal times, the observed one came first
    told = 2 * np.unique(scores, return_inverse=True)[1]
    one, every = events.astype(float), np.ones(len(ranks))
    later = one * (_below(-ranks, -told, -told, every) + _below(-ranks, -told, 1 - told, every)) / 2
    earlier = (_below(ranks, told, told, one) + _below(ranks, told, told + 1, one)) / 2
    order = np.sort(ranks)
    pairs = one * (len(ranks) - np.searchsorted(order, ranks, "right"))
    pairs += np.searchsorted(np.sort(ranks[events]), ranks, "left")
    total = pairs.sum() / 2
    if not total:
        return Measured(float("nan"), np.zeros(len(ranks)))
    value = float((later + earlier).sum() / 2 / total)
    return Measured(value, (later + earlier - value * pairs) / total)


def _below(x: Ranks, y: Ranks, asked: Ranks, weights: Array) -> Array:
    """For each point, the weight of those with a smaller `x` than its own and a smaller `y` than it has in `asked`.

    Points and questions in order of x are halved again and again; at each level what lies in the left half counts for
    the questions in the right half. All halves of a level are done at once.
    """
    import numpy as np

    n = len(x)
    asks = np.r_[np.ones(n, dtype=bool), np.zeros(n, dtype=bool)]  # of equal values, questions come first
    by_x = np.lexsort((~asks, np.r_[x, x]))
    height = np.empty(2 * n, dtype=np.int64)
    height[np.lexsort((~asks, np.r_[asked, y]))] = np.arange(2 * n)
    place_of_height = np.empty(2 * n, dtype=np.int64)
    place_of_height[height[by_x]] = np.arange(2 * n)  # places by x, in order of y
    question = asks[by_x]
    weight = np.where(question, 0.0, np.r_[np.zeros(n), weights][by_x])
    found = np.zeros(2 * n)
    for level in range(max(2 * n - 1, 0).bit_length()):
        halves = place_of_height[np.argsort(place_of_height >> (level + 1), kind="stable")]
        right = (halves >> level) & 1 == 1
        before = np.cumsum(np.where(right, 0.0, weight[halves]))
        block = halves >> (level + 1)
        first = np.r_[True, block[1:] != block[:-1]]
        start = np.where(first, np.r_[0.0, before[:-1]], 0.0)
        reached = before - np.maximum.accumulate(start)
        asking = right & question[halves]
        found[halves[asking]] += reached[asking]
    answers = np.empty(2 * n)
    answers[by_x] = found
    return answers[:n]
