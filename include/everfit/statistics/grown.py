"""A group of rows described by ranges of codes, and how its ranges are stretched to where the harm ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.slices import by_code, means

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.sliceline import Slice

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

SURE = 0.9
"""A neighbouring code joins a range if its rows alone have a mean above the bar at this one-sided confidence."""


@dataclass(frozen=True, order=True)
class Condition:
    """A column's code lies from `first` to `last`, both included."""

    column: int
    first: int
    last: int

    def of(self, table: Whole) -> NDArray[np.bool_]:
        """Which rows of a table meet it."""
        import numpy as np

        codes = table[self.column]
        return np.asarray((codes >= self.first) & (codes <= self.last))


@dataclass(frozen=True)
class Group:
    """Rows that meet all conditions."""

    conditions: tuple[Condition, ...]

    @classmethod
    def like(cls, found: Slice) -> Group:
        """The rows of a slice."""
        return cls(tuple(Condition(*one) for one in zip(found.columns, found.codes, found.codes, strict=True)))

    def of(self, table: Whole) -> NDArray[np.bool_]:
        """Which rows of a table belong to it."""
        import numpy as np

        found = np.ones(table.shape[1], dtype=bool)
        for condition in self.conditions:
            found &= condition.of(table)
        return found


def grow(group: Group, table: Whole, ordered: tuple[int, ...], values: Array, clusters: Whole, bar: float) -> Group:
    """The group with each range stretched to both sides as long as the rows that join are above `bar` by themselves.

    `ordered` says for each column how many of its codes, from 0 on, are in an order, so that a range of them is a thing
    that one can name: none for texts. A search over narrow ranges finds a piece of a broad group; this finds the rest.
    To take the range that looks worst of all would fit it to chance, and lose the group on other days.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> table, day = rng.integers(0, 10, (1, 20_000)), rng.integers(0, 30, 20_000)
    >>> harm = np.where((table[0] >= 3) & (table[0] <= 6), 0.5, 0.0) + rng.normal(0, 1, 20_000)
    >>> grow(Group((Condition(0, 5, 5),)), table, (10,), harm, day, 0.0).conditions
    (Condition(column=0, first=3, last=6),)
    """
    for place, condition in enumerate(group.conditions):
        codes = ordered[condition.column]
        if condition.last < codes:
            before, after = group.conditions[:place], group.conditions[place + 1 :]
            rows = Group(before + after).of(table)
            joins = _above(table[condition.column][rows], codes, values[rows], clusters[rows], bar)
            group = Group((*before, _stretched(condition, joins), *after))
    return group


def _above(of: Whole, codes: int, values: Array, clusters: Whole, bar: float) -> list[bool]:
    import numpy as np

    alone = means(by_code(values, clusters, np.where(of < codes, of, -1), codes))
    return [bool(low > bar) for low in alone.value - alone.reach(SURE)]  # False where that is unknown


def _stretched(condition: Condition, joins: list[bool]) -> Condition:
    first, last = condition.first, condition.last
    while first > 0 and joins[first - 1]:
        first -= 1
    while last + 1 < len(joins) and joins[last + 1]:
        last += 1
    everywhere = first == 0 and last + 1 == len(joins)  # which would be no condition
    return condition if everywhere else Condition(condition.column, first, last)
