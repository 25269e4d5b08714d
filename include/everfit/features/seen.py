"""What the inputs of one batch held: small, the same for equal rows, and put together without the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from everfit.features.inputs import Inputs, Kind

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

GRID = (
    *(0.0, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4),
    *(0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999, 1.0),
)
"""Shares of the rows at which the numbers of a batch are kept: closer where limits are drawn."""
MOST_VALUES = 1000
"""A text that has more values than that in one batch is no category: a key, a name, a remark."""


@dataclass(frozen=True)
class SeenInput:
    """One input in one batch.

    Of numbers, `levels` are those at the shares `GRID` of the rows that have one (whichever is next to it, never a mean
    of two). Of texts, `values` says how many rows had each; None for another kind and for too many values.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    levels: tuple[float, ...] = ()
    values: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Seen:
    """The inputs in one batch, and how many of its rows had 0, 1, 2 ... inputs that are unusual for that batch."""

    inputs: tuple[SeenInput, ...]
    unusual: tuple[int, ...] = ()


def look_at(inputs: Inputs, rows: pd.DataFrame) -> Seen:
    """What typed input columns (as `Inputs.read` gives them) held.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"hour": [6.0, 7.0, None], "carrier": ["UA", "AA", "UA"]})
    >>> seen = look_at(Inputs.learn(rows, ["hour", "carrier"]), rows)
    >>> seen.inputs[0].missing, seen.inputs[0].levels[-1], dict(seen.inputs[1].values)
    (1, 7.0, {'AA': 1, 'UA': 2})
    """
    return Seen(tuple(_look(one.name, one.kind, rows[one.name]) for one in inputs.inputs))


def mixture(seen: Sequence[SeenInput], shares: Sequence[float]) -> list[float]:
    """The numbers at some shares of the rows of all batches together; nothing where no row has one.

    Each batch's share below a number is known at its `GRID` and taken as straight in between; the batches' shares count
    as many as their rows. One batch gives its own levels; more are off by less than a step of the grid, and the least
    and the greatest number (shares 0 and 1) by nothing.
    """
    import numpy as np

    told = [(one.rows - one.missing, np.array(one.levels)) for one in seen if one.levels]
    if not told:
        return []
    knots = np.unique(np.concatenate([levels for _, levels in told]))
    below = np.sum([count * _share_below(levels, knots) for count, levels in told], axis=0) / sum(n for n, _ in told)
    found = knots[np.searchsorted(below[:-1], np.array(shares) - 1e-9)]  # equal sums count as reached, but for rounding
    # A number next to the greatest has all rows below it but for rounding, too: the greatest is asked for by itself.
    return [float(one) for one in np.where(np.array(shares) < 1, found, knots[-1])]


def counted(seen: Sequence[SeenInput]) -> Mapping[str, int] | None:
    """How many rows of all batches had each text, by text; None if that is not known of a batch, or is too much."""
    found: dict[str, int] = {}
    for one in seen:
        if one.values is None:
            return None
        for value, count in one.values.items():
            found[value] = found.get(value, 0) + count
    return dict(sorted(found.items())) if len(found) <= MOST_VALUES else None


def tail(counts: Mapping[str, int], share: float) -> tuple[str, ...]:
    """The rarest texts, which no more than this share of the rows has together.

    >>> tail({"AA": 60, "HA": 1, "UA": 39}, 0.01)
    ('HA',)
    """
    ordered = sorted(counts, key=lambda value: (counts[value], value))
    most = share * sum(counts.values())
    return tuple(
        value for value, sum_ in zip(ordered, accumulate(counts[v] for v in ordered), strict=True) if sum_ <= most
    )


def _look(name: str, kind: Kind, values: pd.Series[Any]) -> SeenInput:
    import numpy as np

    if kind == "number":
        numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        there = numbers[np.isfinite(numbers)]
        levels = np.quantile(there, GRID, method="nearest").tolist() if len(there) else ()
        return SeenInput(name, kind, len(values), len(values) - len(there), tuple(levels))
    counts = None
    if kind == "text" and values.nunique() <= MOST_VALUES:
        counts = {str(value): int(count) for value, count in values.value_counts().sort_index().items()}
    return SeenInput(name, kind, len(values), int(values.isna().sum()), values=counts)


def _share_below(levels: NDArray[Any], numbers: NDArray[Any]) -> NDArray[Any]:
    """Which share of a batch is at most each of the numbers."""
    import numpy as np

    last = np.append(levels[1:] > levels[:-1], True)  # of equal levels, the share at the last one
    below: NDArray[Any] = np.interp(numbers, levels[last], np.array(GRID)[last], left=0.0)
    return below
