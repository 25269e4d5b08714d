"""Slices that nobody named: searched for on one half of the days, tested on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from everfit.statistics.discoveries import benjamini_hochberg
from everfit.statistics.grown import Group, grow
from everfit.statistics.sliceline import worst
from everfit.statistics.slices import FEWEST_ROWS, Means, by_mask, means

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

WEIGHT = 0.99
"""What a slice's mean counts for in the search's score, against its size."""

LOOKED_AT = 200
"""So many of the best by score have their p-values computed, on the half that searches."""

GROWN = 50
"""So many of those with the least p-values are stretched and may be put forward."""

OVERLAP = 0.5
"""Of two groups that share more than this of the smaller one, the less sure one is not tested."""


@dataclass(frozen=True, eq=False)
class Suspects:
    """The groups that the search put forward, in its order, with their means on the other half and their p-values.

    `counts` says which are above the bar when all are tested together. `level` is that of their one-sided bounds: as
    much nearer to 1 as few of them count (Benjamini and Yekutieli, J. American Statistical Association 100 (2005)
    71-81), so that one counts if and only if its lower bound reaches the bar.
    """

    groups: tuple[Group, ...]
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
    ordered: tuple[int, ...] | None = None,
) -> Suspects:
    """The slices of which `values` may well have a mean above `bar`, tested on days that the search has not seen.

    Every second day is searched (`sliceline.worst`: slices of at least `share` of the rows). What scores best is
    stretched to where its harm ends (`grow`, which says what `ordered` means), and the `top` with the least p-values
    are put forward, none that is mostly part of another. The other days test them, one-sided and all together by
    Benjamini and Hochberg: where no slice's mean is above the bar, any counts at most `1 - level` of the time, however
    much was searched, for what is tested was chosen without the rows that test it. Days that depend on each other, a
    storm over two of them, weaken this.
    """
    ordered = ordered or (0,) * len(sizes)
    seen = halves(clusters)
    searched = table[:, seen], values[seen], clusters[seen]
    least = max(FEWEST_ROWS, ceil(share * seen.sum()))
    found = worst(searched[0], sizes, searched[1], top=LOOKED_AT, weight=WEIGHT, least=least, depth=depth)
    chosen = _put_forward([Group.like(one) for one in found], ordered, *searched, bar, top)
    there = ~seen
    measured = means(by_mask(values[there], clusters[there], [one.of(table[:, there]) for one in chosen]))
    chances = tuple(measured.chances(bar).tolist())
    counts = benjamini_hochberg(chances, 1 - level)
    bounds = 1 - (1 - level) * max(sum(counts), 1) / max(len(counts), 1)
    return Suspects(chosen, measured, chances, counts, bounds)


def _put_forward(
    groups: Sequence[Group],
    ordered: tuple[int, ...],
    table: Whole,
    values: Array,
    clusters: Whole,
    bar: float,
    top: int,
) -> tuple[Group, ...]:
    surest = [group for _, group in _by_chance(groups, table, values, clusters, bar)[:GROWN]]
    grown = dict.fromkeys(grow(one, table, ordered, values, clusters, bar) for one in surest)
    chosen: list[Group] = []
    masks: list[NDArray[np.bool_]] = []
    for chance, group in _by_chance([*grown], table, values, clusters, bar):
        rows = group.of(table)
        if len(chosen) == top or chance >= 1:
            break
        if not any(_overlap(rows, other) > OVERLAP for other in masks):
            chosen.append(group)
            masks.append(rows)
    return tuple(chosen)


def _by_chance(
    groups: Sequence[Group], table: Whole, values: Array, clusters: Whole, bar: float
) -> list[tuple[float, Group]]:
    """The groups by their p-values, the least first."""
    chances = means(by_mask(values, clusters, [one.of(table) for one in groups])).chances(bar).tolist()
    return sorted(zip(chances, groups, strict=True), key=lambda one: one[0])


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / min(one.sum(), other.sum()))
