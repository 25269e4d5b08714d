"""One feature before and now, in so few numbers that a page can have hundreds of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from everfit.plots.card.axis import short
from everfit.plots.monitoring.look import Sketch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.decay.columns import Column

    Array = NDArray[np.float64]

CELLS = 24
"""A quantity is cut into so many ranges of equal width."""

NAMES = 12
"""Of a category so many names are shown, those that most rows have now or had before; the rest are one."""

TAIL = 0.005
"""At each end of a quantity so much of both sides lies beyond the ranges, and counts for the outermost."""


def sketch(before: Column, now: Column, words: str = "") -> Sketch:
    """How the rows of either side lie: shares by range or name, and of those without a value where there are any.

    >>> import numpy as np
    >>> from everfit.statistics.decay.columns import Column
    >>> gate = lambda values: Column("gate", np.array(values), ("A", "B"))
    >>> sketch(gate([0.0, 0.0, 1.0, 1.0]), gate([1.0, 1.0, 1.0, np.nan]))
    Sketch(name='gate', cells=('A', 'B', 'no value'), before=(0.5, 0.5, 0.0), now=(0.0, 0.75, 0.25), words='')
    """
    import numpy as np

    if before.categories:
        names, one, other = _named(before, now)
    else:
        names, one, other = _ranges(before.values, now.values)
    gone = [float(np.isnan(side.values).mean()) if len(side.values) else 0.0 for side in (before, now)]
    if any(gone):
        names, one, other = [*names, "no value"], np.append(one, gone[0]), np.append(other, gone[1])
    return Sketch(before.name, tuple(names), _shares(one), _shares(other), words)


def _named(before: Column, now: Column) -> tuple[list[str], Array, Array]:
    import numpy as np

    size = len(before.categories) + 1  # and one for names that the reference does not have
    sides = (before.values, now.named_as(before))
    one, other = (np.bincount(side[~np.isnan(side)].astype(int), minlength=size) / max(len(side), 1) for side in sides)
    names = [*before.categories, "new names"]
    shown = np.sort(np.argsort(-np.maximum(one, other), kind="stable")[:NAMES])
    shown = shown[np.maximum(one, other)[shown] > 0]
    rest = np.setdiff1d(np.arange(size), shown)
    left = [float(side[rest].sum()) for side in (one, other)]
    kept = [names[place] for place in shown]
    if any(left):
        return [*kept, "others"], np.append(one[shown], left[0]), np.append(other[shown], left[1])
    return kept, one[shown], other[shown]


def _ranges(before: Array, now: Array) -> tuple[list[str], Array, Array]:
    import numpy as np

    sides = [side[np.isfinite(side)] for side in (before, now)]
    known = [np.quantile(side, (TAIL, 1 - TAIL)) for side in sides if len(side)]
    if not known:
        return [], np.zeros(0), np.zeros(0)
    low, high = min(float(ends[0]) for ends in known), max(float(ends[1]) for ends in known)
    edges = np.linspace(low, high, CELLS + 1) if low < high else np.array([low, low])
    one, other = (
        np.bincount(
            np.clip(np.searchsorted(edges, side, side="right") - 1, 0, len(edges) - 2), minlength=len(edges) - 1
        )
        / max(len(whole), 1)
        for side, whole in zip(sides, (before, now), strict=True)
    )
    names = [f"{short(float(a))} to {short(float(b))}" for a, b in pairwise(edges)]
    return names, one, other


def _shares(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
