"""What the columns did to a model's answers, summed up so that it can be drawn: no row of it is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BINS = 44
"""The stretch of all contributions is cut into so many."""

WIDEST = 0.005
"""That share of the contributions at either end is drawn at the edge."""

FEWEST = 20
"""A category is named when so many of the rows have it."""

NAMED = 2
"""So many categories are named that push up most, and as many that push down most."""


@dataclass(frozen=True)
class Bin:
    """Some contributions of one column that are about the same: their middle, how many, and where the column's values
    of those rows lie among all of its values, from 0 (lowest) to 1 (None: there is no order in them)."""

    at: float
    rows: int
    rank: float | None


@dataclass(frozen=True)
class Effect:
    """What one column did: `size` is its mean absolute contribution, `gain` its share of the improvement in training.

    `direction` is Spearman's correlation of its values with its contributions (None for categories, and where a model
    answers for several classes). `pushes` are the categories that push up or down most, with their mean contribution.
    """

    name: str
    size: float
    gain: float
    direction: float | None
    bins: tuple[Bin, ...]
    pushes: tuple[tuple[str, float], ...] = ()


def effects(
    found: Array, matrix: NDArray[np.float32], gain: Array, names: Sequence[str], categories: Sequence[Sequence[str]]
) -> tuple[Effect, ...]:
    """One for each column, the largest first; columns that never did anything have size 0.

    `found` are rows by answers by columns. Of several answers the absolute contributions are added up, and no direction
    is told. `categories` are the names behind a column's codes, none for a quantity.

    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 50, dtype=np.float32)
    >>> made = np.column_stack([2 * x, 0 * x])[:, None, :].astype(float)
    >>> up, idle = effects(made, np.column_stack([x, x]), np.array([1.0, 0.0]), ["up", "idle"], [(), ()])
    >>> up.name, round(up.size, 2), up.direction, sum(bin.rows for bin in up.bins), idle.size
    ('up', 1.02, 1.0, 50, 0.0)
    """
    import numpy as np

    size = np.abs(found).sum(axis=1).mean(axis=0)
    order = np.argsort(-size, kind="stable")
    if found.shape[1] > 1:
        return tuple(Effect(names[one], float(size[one]), float(gain[one]), None, ()) for one in order)
    by_row = found[:, 0]
    edges = _edges(by_row)
    return tuple(
        _effect(by_row[:, one], matrix[:, one], edges, names[one], categories[one], float(gain[one])) for one in order
    )


def _effect(
    found: Array, values: NDArray[np.float32], edges: Array, name: str, categories: Sequence[str], gain: float
) -> Effect:
    import numpy as np

    ranks = None if categories else _ranks(values)
    places = np.clip(np.searchsorted(edges, found, side="right") - 1, 0, BINS - 1)
    bins = []
    for place in np.unique(places):
        here = places == place
        known = ranks[here & ~np.isnan(ranks)] if ranks is not None else ()
        rank = float(np.mean(known)) if len(known) else None
        bins.append(Bin(float((edges[place] + edges[place + 1]) / 2), int(here.sum()), rank))
    pushes = _pushes(found, values, categories) if categories else ()
    return Effect(name, float(np.abs(found).mean()), gain, _direction(found, ranks), tuple(bins), pushes)


def _edges(found: Array) -> Array:
    import numpy as np

    low, high = (float(edge) for edge in np.quantile(found, [WIDEST, 1 - WIDEST]))
    low, high = min(low, 0.0), max(high, 0.0)
    return np.linspace(low, high if high > low else low + 1.0, BINS + 1)


def _ranks(values: NDArray[np.float32]) -> Array:
    """Where each value lies among all, from 0 to 1; NaN for a missing one."""
    import numpy as np
    from scipy.stats import rankdata

    places: Array = rankdata(values, nan_policy="omit") - 1
    return np.asarray(places / max(float(np.nanmax(places, initial=0.0)), 1.0))


def _direction(found: Array, ranks: Array | None) -> float | None:
    import numpy as np
    from scipy.stats import rankdata

    if ranks is None:
        return None
    known = ~np.isnan(ranks)
    if known.sum() < FEWEST or np.ptp(ranks[known]) == 0 or np.ptp(found[known]) == 0:
        return None
    return round(float(np.corrcoef(ranks[known], rankdata(found[known]))[0, 1]), 3)


def _pushes(found: Array, values: NDArray[np.float32], categories: Sequence[str]) -> tuple[tuple[str, float], ...]:
    import numpy as np

    codes = np.where(np.isnan(values), len(categories), values).astype(int)
    rows = np.bincount(codes, minlength=len(categories) + 1)[:-1]
    mean = np.bincount(codes, weights=found, minlength=len(categories) + 1)[:-1] / np.maximum(rows, 1)
    told = [int(one) for one in np.argsort(-mean, kind="stable") if rows[one] >= FEWEST]
    ends = [*(one for one in told[:NAMED] if mean[one] > 0), *(one for one in told[-NAMED:] if mean[one] < 0)]
    return tuple((categories[one], float(mean[one])) for one in dict.fromkeys(ends))
