"""Which rows belong to one group, by the values of columns that the spec names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOTHING = "no value"


@dataclass(frozen=True, eq=False)
class Grouping:
    """The names of some groups, and of each row the place of its group among them."""

    names: tuple[str, ...]
    codes: NDArray[np.int64]


def groupings(about: Mapping[str, NDArray[Any]], columns: Iterable[str], *, crossed: bool) -> tuple[Grouping, ...]:
    """The groups of each column, or with `crossed` those of all columns at once; a row without a value has a group too.

    >>> import numpy as np
    >>> about = {"sex": np.array(["f", "m", None], dtype=object), "age": np.array([1.0, 2.0, 1.0])}
    >>> [found.names for found in groupings(about, ["sex", "age"], crossed=False)]
    [('sex f', 'sex m', 'sex no value'), ('age 1', 'age 2')]
    >>> groupings(about, ["sex", "age"], crossed=True)[0].names
    ('sex f, age 1', 'sex m, age 2', 'sex no value, age 1')
    """
    single = tuple(_of(name, about[name]) for name in columns)
    if not crossed:
        return single
    first, *rest = single
    for other in rest:
        first = _cross(first, other)
    return (first,)


def _of(column: str, values: NDArray[Any]) -> Grouping:
    import numpy as np
    import pandas as pd

    codes, kinds = pd.factorize(values, sort=True)
    names = [f"{column} {_shown(kind)}" for kind in kinds]
    missing = codes < 0
    if missing.any():
        codes = np.where(missing, len(names), codes)
        names.append(f"{column} {NOTHING}")
    return Grouping(tuple(names), codes.astype(np.int64))


def _cross(one: Grouping, two: Grouping) -> Grouping:
    import numpy as np

    cells, codes = np.unique(one.codes * len(two.names) + two.codes, return_inverse=True)
    names = (f"{one.names[cell // len(two.names)]}, {two.names[cell % len(two.names)]}" for cell in cells)
    return Grouping(tuple(names), codes.astype(np.int64))


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
