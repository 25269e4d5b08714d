"""How well one column tells another by itself: the AUC for a yes or no, the correlation of ranks for a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.auc import auc, midranks
from everfit.statistics.interval import Measured, estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """How much of the label is known: the measure, its lower one-sided 95 % bound, and from what.

    The bound is only worked out above the bar; below it, it is the measure itself.
    """

    value: float
    low: float
    how: str
    equal: bool = False


def knows(values: Array, y: Array, clusters: NDArray[np.int64], bar: float, *, binary: bool, how: str) -> Known:
    """What `values` say of `y` alone: AUC (`binary`, y is 0 or 1) or rank correlation, in whichever direction is more.

    Rows without a value are left out; what their absence says is another question. The bound is cluster-robust (see
    `estimate`). Nothing is known where values or labels do not vary.

    Sources: as for `auc`; the influence of a row on a correlation is in Devlin, Gnanadesikan and Kettenring,
    Biometrika 62 (1975) 531-545.

    >>> import numpy as np
    >>> y = np.array([0.0, 0.0, 1.0, 1.0])
    >>> knows(np.array([4.0, 3.0, 2.0, 1.0]), y, np.arange(4), 0.9, binary=True, how="its values").value
    1.0
    """
    import numpy as np

    there = ~np.isnan(values)
    if not there.all():
        values, y, clusters = values[there], y[there], clusters[there]
    if len(values) < 2 or values.min() == values.max() or y.min() == y.max():  # noqa: PLR2004 - nothing varies
        return Known(0.0, 0.0, how)
    ranks = midranks(values)
    size = _auc(ranks, y) if binary else _correlation(ranks, y).value
    turned = ranks if size >= (0.5 if binary else 0.0) else -ranks
    size = max(size, 1 - size) if binary else abs(size)
    if size <= bar:
        return Known(size, size, how)
    measured = auc(y, turned) if binary else _correlation(turned, y)
    low = estimate(measured, clusters).low if len(np.unique(clusters)) > 1 else size
    return Known(size, low, how, bool(np.array_equal(values, y)))


def _auc(ranks: Array, y: Array) -> float:
    """The AUC from the ranks of all rows: Mann and Whitney's statistic."""
    ones = float((y == 1).sum())
    zeros = len(y) - ones
    return float((ranks[y == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _correlation(ranks: Array, y: Array) -> Measured:
    """Spearman's correlation, with each row's influence on it."""
    import numpy as np

    a, b = ((one - one.mean()) / one.std() for one in (ranks, midranks(y)))
    value = float(np.mean(a * b))
    return Measured(value, (a * b - value * (a**2 + b**2) / 2) / len(y))
