"""What pulls at a model's answers, then and now: how much of the order of its features is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.decay.both import numbered
from everfit.statistics.interval import Estimate, Measured, effective, estimate
from everfit.statistics.proportions import quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

DRAWS = 400


@dataclass(frozen=True, eq=False)
class Pulls:
    """How strongly each feature pulls at answers: absolute Shapley values, `(rows, features)`, and the day of each."""

    size: Array
    day: Whole


def order_kept(before: Pulls, now: Pulls, *, level: float, seed: int = 0) -> Estimate:
    """NDCG of the features in the order of their pull now, with the pull that they had as gain: 1 if the order is kept.

    The feature in place `r` counts `1 / log2(r + 1)`, so what happens at the top matters. Its error is that of days
    drawn again with replacement on both sides (of rows, where a side has fewer than eight days), since an order has no
    derivative.

    Sources: Nigenda et al., Amazon SageMaker Model Monitor, KDD 2022; Jarvelin and Kekalainen, ACM TOIS 20 (2002)
    422-446; Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6.

    >>> import numpy as np
    >>> pulls = np.random.default_rng(0).gamma(4, 1, (400, 3)) * [3.0, 2.0, 1.0]
    >>> day = np.repeat(np.arange(20), 20)
    >>> found = order_kept(Pulls(pulls, day), Pulls(pulls[:, ::-1], day), level=0.99)  # the last pulls most
    >>> round(found.value, 2), found.high < 0.9
    (0.79, True)
    """
    import numpy as np

    clusters, _ = numbered(before.day, now.day)
    sides = clusters[: len(before.size)], clusters[len(before.size) :] - clusters[: len(before.size)].max() - 1
    random = np.random.default_rng(seed)
    old, new = (_means(one.size, side, random) for one, side in zip((before, now), sides, strict=True))
    every = _ndcg(old, new)
    value, error = float(every[0]), float(every[1:].std(ddof=1))
    freedom = max(min(effective(side) for side in sides) - 1, 1.0)
    reach = float(quantile(level, freedom)) * error
    count = len(np.unique(clusters))
    low, high = max(value - reach, 0.0), min(value + reach, 1.0)
    return Estimate(value, low, high, len(clusters), count, freedom, error, level)


def changes(before: Pulls, now: Pulls, *, level: float) -> tuple[Estimate, ...]:
    """By how much the pull of each feature changed, as a share of what all of them pulled."""
    import numpy as np

    clusters, _ = numbered(before.day, now.day)
    whole = float(before.size.mean(axis=0).sum())
    return tuple(
        estimate(_apart(old / whole, new / whole), clusters, level)
        for old, new in zip(np.transpose(before.size), np.transpose(now.size), strict=True)
    )


def _apart(old: Array, new: Array) -> Measured:
    import numpy as np

    influence = np.concatenate([-(old - old.mean()) / len(old), (new - new.mean()) / len(new)])
    return Measured(float(new.mean() - old.mean()), influence)


def _means(size: Array, clusters: Whole, random: np.random.Generator) -> Array:
    """The mean pull of each feature: first of all rows, then of clusters drawn again, `(1 + draws, features)`."""
    import numpy as np

    count = int(clusters.max()) + 1
    rows = np.bincount(clusters, minlength=count).astype(np.float64)
    sums = np.stack([np.bincount(clusters, column, count) for column in size.T], axis=1)
    times = np.vstack([np.ones(count), random.multinomial(count, np.full(count, 1 / count), DRAWS)])
    return np.asarray((times @ sums) / (times @ rows)[:, None])


def _ndcg(gains: Array, by: Array) -> Array:
    import numpy as np

    discount = 1 / np.log2(np.arange(gains.shape[1]) + 2)
    found = np.take_along_axis(gains, np.argsort(-by, axis=1, kind="stable"), axis=1) @ discount
    best = -np.sort(-gains, axis=1) @ discount
    return np.asarray(np.divide(found, best, out=np.ones(len(gains)), where=best > 0))
