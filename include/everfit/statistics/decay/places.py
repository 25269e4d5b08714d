"""Where the loss changed: columns whose move did it, columns that it depends on, and the worst values of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.decay.columns import Column

    Array = NDArray[np.float64]

CUTS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Quantities are cut at these quantiles of the reference: finer at the ends, where models err and windows go."""

FEWEST = 30
"""A slice with fewer rows of the window is not named."""


@dataclass(frozen=True)
class Feature:
    """A column: what its own move did to the mean loss (`moved`), and how unevenly the loss rose over its values.

    `changed` is the standard deviation of the rise between its values, less what chance makes: 0 if all rose alike.
    """

    name: str
    moved: float
    changed: float


@dataclass(frozen=True)
class Place:
    """Rows with one value (or range) of a column: their share and mean loss before and now.

    `excess` is what these rows add to the change of the mean loss over all, beyond as many rows of the average change;
    None for a loss where there were no rows.
    """

    column: str
    value: str
    share_before: float
    share_now: float
    loss_before: float | None
    loss_now: float | None
    excess: float


@dataclass(frozen=True, eq=False)
class _Cells:
    """By value of a column: shares, mean losses and the variance of the difference of these."""

    names: tuple[str, ...]
    before: Array
    now: Array
    lost_before: Array
    lost_now: Array
    variance: Array
    rows_now: Array


def places(
    old: Sequence[Column], new: Sequence[Column], losses: tuple[Array, Array], top: int = 5
) -> tuple[tuple[Feature, ...], tuple[Place, ...]]:
    """What each column did, in the given order, and the `top` slices of one value that add most to the change.

    For each column the change is the sum over its values of `(share now - share before) * loss before` and `share now *
    (loss now - loss before)`: by its move, and by what rows of a value lose. The columns are looked at one by one, so
    what two of them did together is told of both.

    Sources: Kitagawa, J. American Statistical Association 50 (1955) 1168-1194; Oaxaca, International Economic Review 14
    (1973) 693-709.

    >>> import numpy as np
    >>> from everfit.statistics.decay.columns import Column
    >>> gate = lambda values: [Column("gate", np.array(values), ("A", "B"))]
    >>> features, _ = places(gate([0.0, 0.0, 1.0, 1.0]), gate([0.0, 1.0, 1.0, 1.0]),
    ...     (np.array([1.0, 1.0, 3.0, 3.0]), np.array([1.0, 3.0, 3.0, 3.0])))
    >>> features[0].moved, features[0].changed  # three in four now come from the gate that loses 3: 0.25 * (3 - 1)
    (0.5, 0.0)
    """
    import numpy as np

    features, found = [], []
    for before, now in zip(old, new, strict=True):
        cells = _cells(before, now, losses)
        features.append(Feature(before.name, *_effect(cells, losses)))
        found += _slices(before.name, cells, float(losses[0].mean()), float(losses[1].mean()))
    found.sort(key=lambda one: -one.excess)
    return tuple(features), tuple(one for one in found[:top] if one.excess > 0 and np.isfinite(one.excess))


def _effect(cells: _Cells, losses: tuple[Array, Array]) -> tuple[float, float]:
    import numpy as np

    known = np.where(cells.before > 0, cells.lost_before, cells.lost_now)  # new values: all theirs is a move
    moved = float(np.sum((cells.now - cells.before) * (known - losses[0].mean())))
    both = (cells.before > 0) & (cells.now > 0)
    share = cells.now[both] / max(float(cells.now[both].sum()), 1e-12)
    rise = (cells.lost_now - cells.lost_before)[both]
    uneven = float(np.sum(share * (rise - np.sum(share * rise)) ** 2))
    chance = float(np.sum(share * (1 - share) * cells.variance[both]))
    return moved, max(uneven - chance, 0.0) ** 0.5


def _slices(column: str, cells: _Cells, before: float, now: float) -> list[Place]:
    found = []
    for k, name in enumerate(cells.names):
        if cells.rows_now[k] < FEWEST:
            continue
        p, q = float(cells.before[k]), float(cells.now[k])
        was = float(cells.lost_before[k]) if p else None
        added = q * float(cells.lost_now[k]) - p * (was or 0.0) - (q - p) * before
        found.append(Place(column, name, p, q, was, float(cells.lost_now[k]), added - q * (now - before)))
    return found


def _cells(old: Column, new: Column, losses: tuple[Array, Array]) -> _Cells:
    import numpy as np

    names, codes = _coded(old, new)
    size = len(names)
    rows = [np.bincount(code, minlength=size).astype(np.float64) for code in codes]
    sums = [np.bincount(code, lost, size) for code, lost in zip(codes, losses, strict=True)]
    squares = [np.bincount(code, lost**2, size) for code, lost in zip(codes, losses, strict=True)]
    means = [total / np.maximum(count, 1) for total, count in zip(sums, rows, strict=True)]
    spread = [square / np.maximum(count, 1) - mean**2 for square, count, mean in zip(squares, rows, means, strict=True)]
    variance = sum(one / np.maximum(count, 1) for one, count in zip(spread, rows, strict=True))
    shares = [count / max(len(code), 1) for count, code in zip(rows, codes, strict=True)]
    return _Cells(names, shares[0], shares[1], means[0], means[1], np.asarray(variance), rows[1])


def _coded(old: Column, new: Column) -> tuple[tuple[str, ...], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Both columns with their values numbered alike: names or ranges, then unseen names, then no value."""
    import numpy as np

    if old.categories:
        names = (*old.categories, "a new value")
        values = (old.values, new.named_as(old))
        codes = [np.where(np.isnan(side), len(names), side).astype(np.int64) for side in values]
        return (*names, "no value"), (codes[0], codes[1])
    there = old.values[~np.isnan(old.values)]
    edges = np.unique(np.quantile(there, CUTS)) if len(there) else np.zeros(0)
    names = (*_ranges([f"{edge:.4g}" for edge in edges]), "no value")
    codes = [
        np.where(np.isnan(side), len(edges) + 1, np.searchsorted(edges, side, side="right")).astype(np.int64)
        for side in (old.values, new.values)
    ]
    return names, (codes[0], codes[1])


def _ranges(ends: list[str]) -> list[str]:
    if not ends:
        return ["any value"]
    return [f"below {ends[0]}", *(f"{low} to {high}" for low, high in pairwise(ends)), f"{ends[-1]} and above"]
