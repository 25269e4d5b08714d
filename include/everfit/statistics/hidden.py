"""Slices that nobody named: searched for on one half of the days, tested on the other."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from everfit.statistics.discoveries import benjamini_hochberg
from everfit.statistics.sliceline import Slice, worst
from everfit.statistics.slices import FEWEST_ROWS, Means, by_mask, means

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

WEIGHT = 0.99
"""What a slice's mean counts for in the search's score, against its size."""

LOOKED_AT = 200
"""So many of the best by score have their p-value computed on the half that searches."""

OVERLAP = 0.5
"""Of two slices that share more than this of the smaller one, the less sure one is not tested."""


@dataclass(frozen=True, eq=False)
class Suspects:
    """The slices that the search put forward, in its order, with their means on the other half and their p-values.

    `counts` says which are above the bar when all are tested together. `level` is that of their one-sided bounds: as
    much nearer to 1 as few of them count (Benjamini and Yekutieli, J. American Statistical Association 100 (2005)
    71-81), so that one counts if and only if its lower bound reaches the bar.
    """

    slices: tuple[Slice, ...]
    means: Means
    chances: tuple[float, ...]
    counts: tuple[bool, ...]
    level: float


def halves(clusters: Whole) -> NDArray[np.bool_]:
    """Which rows the search sees: those of every second day, so that either half has as many Mondays and both ends.

    >>> import numpy as np
    >>> halves(np.array([3, 3, 5, 8])).tolist()
    [True, True, False, True]
    """
    import numpy as np

    return np.asarray(np.unique(clusters, return_inverse=True)[1] % 2 == 0)


def suspects(
    table: Whole,
    sizes: tuple[int, ...],
    values: Array,
    clusters: Whole,
    *,
    bar: float = 0.0,
    share: float = 0.01,
    top: int = 10,
    depth: int = 3,
    level: float = 0.95,
) -> Suspects:
    """The slices of which `values` may well have a mean above `bar`, tested on days that the search has not seen.

    Every second day is searched (`sliceline.worst`: slices of at least `share` of the rows). Of what scores best, the
    `top` with the least cluster-robust p-values are put forward, and none that is mostly part of another. The other
    days test them, one-sided and all together by Benjamini and Hochberg: where no slice's mean is above the bar, any
    counts at most `1 - level` of the time, however much was searched, for what is tested was chosen without the rows
    that test it. Days that depend on each other, a storm over two of them, weaken this.
    """
    seen = halves(clusters)
    found = worst(
        table[:, seen],
        sizes,
        values[seen],
        top=LOOKED_AT,
        weight=WEIGHT,
        least=max(FEWEST_ROWS, ceil(share * seen.sum())),
        depth=depth,
    )
    chosen = _put_forward(found, table[:, seen], values[seen], clusters[seen], bar, top)
    there, masks = ~seen, [one.of(table[:, ~seen]) for one in chosen]
    measured = means(by_mask(values[there], clusters[there], masks))
    chances = tuple(_chances(measured, bar).tolist())
    counts = benjamini_hochberg(chances, 1 - level)
    bounds = 1 - (1 - level) * max(sum(counts), 1) / max(len(counts), 1)
    return Suspects(chosen, measured, chances, counts, bounds)


def _put_forward(
    found: tuple[Slice, ...], table: Whole, values: Array, clusters: Whole, bar: float, top: int
) -> tuple[Slice, ...]:
    masks = [one.of(table) for one in found]
    measured = means(by_mask(values, clusters, masks))
    chances = _chances(measured, bar)
    chosen: list[int] = []
    for place in sorted(range(len(found)), key=lambda one: (chances[one], -found[one].score)):
        if len(chosen) == top or chances[place] >= 1:
            break
        if not any(_overlap(masks[place], masks[other]) > OVERLAP for other in chosen):
            chosen.append(place)
    return tuple(found[place] for place in chosen)


def _chances(measured: Means, bar: float) -> Array:
    """One-sided p-values; 1 for a slice with too few rows or days, of which nothing can be said."""
    import numpy as np

    return np.where(measured.enough(), measured.above(bar), 1.0)


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / min(one.sum(), other.sum()))
