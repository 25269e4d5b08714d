"""Columns of the holdout as slices: each value, or each range of values, is a slice with a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any

from everfit.gates._claims import show

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FREQUENT = 20
"""So many texts of a column are slices of their own; the rarer ones are one slice together."""

Wanted = str | bool | float | tuple[str | float | None, ...]
"""What a slice asks of a column: a value, several values, or two numbers from and to (to excluded, null for none)."""


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as slices that do not overlap: the place of each row's slice in `names`.

    `edges` are the numbers at which its ranges begin and end, where it is one of numbers: the first ranges in order.
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]
    column: str = ""
    edges: tuple[float, ...] = ()

    @property
    def ordered(self) -> int:
        """How many of the slices, from the first on, are in order, so that some neighbours are a range."""
        return len(self.edges) - 1 if self.edges else 0

    def name(self, first: int, last: int) -> str:
        """What the slices from `first` to `last` are called together."""
        if first == last:
            return self.names[first]
        return _range(self.column, self.edges[first], self.edges[last + 1])


def coded(name: str, values: NDArray[Any], *, ranges: int, most: int | None = None) -> Coded:
    """A slice for each value; of numbers with more than `ranges` values as many ranges, of about equally many rows.

    Of texts, the `most` frequent have slices of their own. Rows without a value are a slice, too.

    >>> import numpy as np
    >>> coded("origin", np.array(["EWR", "JFK", None, "EWR"], dtype=object), ranges=4).names
    ('origin = EWR', 'origin = JFK', 'origin is missing')
    >>> coded("distance", np.arange(8.0), ranges=2).names
    ('distance < 3.5', '3.5 <= distance')
    """
    return _numbers(name, values, ranges) if values.dtype.kind in "fiub" else _texts(name, values, most)


def masks(
    slices: Sequence[Mapping[str, Wanted]], about: Mapping[str, NDArray[Any]]
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Slices as people wrote them, each with its name and its rows."""
    import numpy as np

    return [
        (
            " and ".join(_said(column, wanted) for column, wanted in conditions.items()),
            np.asarray(np.logical_and.reduce([_holds(about[name], wanted) for name, wanted in conditions.items()])),
        )
        for conditions in slices
    ]


def _numbers(name: str, values: NDArray[Any], ranges: int) -> Coded:
    import numpy as np

    numbers = values.astype(float)
    there = ~np.isnan(numbers)
    different = np.unique(numbers[there])
    if len(different) <= ranges:
        inner, names = different[1:], [f"{name} = {show(one)}" for one in different]
    else:
        quantiles = np.unique(np.quantile(numbers[np.isfinite(numbers)], np.arange(1, ranges) / ranges))
        inner = quantiles[quantiles > different[0]]
        names = [_range(name, low, high) for low, high in pairwise([-inf, *inner.tolist(), inf])]
    codes = np.searchsorted(inner, numbers, side="right")
    edges = (-inf, *inner.tolist(), inf) if len(different) else ()
    return _with_missing(name, np.where(there, codes, len(names)), names, there, edges)


def _range(name: str, low: float, high: float) -> str:
    begin, end = f"{show(low)} <= {name}" if low > -inf else name, f" < {show(high)}" if high < inf else ""
    return f"{begin}{end}"


def _texts(name: str, values: NDArray[Any], most: int | None) -> Coded:
    import numpy as np
    import pandas as pd

    codes, found = pd.factorize(values, sort=True)
    there = codes >= 0
    names = [f"{name} = {text}" for text in found]
    if most is not None and len(found) > most:
        counts = np.bincount(codes[there], minlength=len(found))
        frequent = np.sort(np.argsort(-counts, kind="stable")[:most])
        places = np.full(len(found), most)
        places[frequent] = np.arange(most)
        codes = places[codes]
        names = [*(names[place] for place in frequent), f"{name} is none of the {most} most frequent"]
    return _with_missing(name, np.where(there, codes, len(names)), names, there)


def _with_missing(
    name: str, codes: NDArray[Any], names: list[str], there: NDArray[np.bool_], edges: tuple[float, ...] = ()
) -> Coded:
    import numpy as np

    return Coded(codes.astype(np.int64), (*names, *([] if there.all() else [f"{name} is missing"])), name, edges)


def bounds(wanted: Wanted) -> tuple[float, float] | None:
    """The ends of a range, where two numbers were written, or one and null; None where values were.

    >>> bounds((0, 500)), bounds((500, None)), bounds(("UA", "AA")), bounds((1, 2, 3))
    ((0.0, 500.0), (500.0, inf), None, None)
    """
    match wanted:
        case (bool(), _) | (_, bool()):
            return None
        case (int() | float() | None as low, int() | float() | None as high) if wanted != (None, None):
            return -inf if low is None else float(low), inf if high is None else float(high)
    return None


def _holds(values: NDArray[Any], wanted: Wanted) -> NDArray[np.bool_]:
    import numpy as np

    found = np.zeros(len(values), dtype=bool)
    ends = bounds(wanted)
    if ends is None:
        for one in wanted if isinstance(wanted, tuple) else (wanted,):
            found |= values == one
    elif values.dtype.kind in "fiub":  # no text lies between two numbers
        found = (values >= ends[0]) & (values < ends[1])
    return found


def _said(column: str, wanted: Wanted) -> str:
    ends = bounds(wanted)
    if ends is not None:
        return _range(column, *ends)
    some = wanted if isinstance(wanted, tuple) else (wanted,)
    return f"{column} = {' or '.join(_value(one) for one in some)}"


def _value(one: str | float | None) -> str:
    return str(one).lower() if isinstance(one, bool) or one is None else one if isinstance(one, str) else show(one)
