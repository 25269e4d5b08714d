"""The columns of two sides, made alike: which both have, and which only one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.decay.columns import Column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Whole = NDArray[np.int64]

FEWEST = 100
"""Fewer rows on a side are too few to be held against others."""

NEGLIGIBLE = 0.01
"""A model whose loss rises by less than this share of it, if a column is dealt anew, does not lean on the column."""

LARGEST = 1e30
"""Numbers are cut off there for trees, which know none that are larger."""

NO_NAME = "\0"


@dataclass(frozen=True)
class Inputs:
    """Columns that both sides have, in the order of the reference, each pair of one kind; and the names of the others.

    `new` are those that only the window has, `gone` those that only the reference has, `turned` those of which one side
    has names and the other numbers: their values are then all of no known name, or infinite.
    """

    reference: tuple[Column, ...]
    window: tuple[Column, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    turned: tuple[str, ...]

    @classmethod
    def of(cls, reference: Sequence[Column], window: Sequence[Column]) -> Inputs:
        """Pair the columns of two sides by name.

        >>> import numpy as np
        >>> old = [Column("gate", np.array([0.0]), ("A",)), Column("delay", np.array([1.0]))]
        >>> found = Inputs.of(old, [Column("gate", np.array([7.0]))])
        >>> found.gone, found.turned, found.window[0].named_as(found.reference[0]).tolist()
        (('delay',), ('gate',), [1.0])
        """
        known = {column.name: column for column in reference}
        there = {column.name: column for column in window}
        both = [name for name in known if name in there]
        turned = tuple(name for name in both if _turned(known[name], there[name]))
        return cls(
            tuple(known[name] for name in both),
            tuple(_like(there[name], known[name]) if name in turned else there[name] for name in both),
            tuple(name for name in there if name not in known),
            tuple(name for name in known if name not in there),
            turned,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that both have."""
        return tuple(column.name for column in self.reference)

    def some(self, names: Sequence[str]) -> Inputs:
        """With only some of the columns that both have."""
        places = [place for place, name in enumerate(self.names) if name in names]
        reference, window = (tuple(side[place] for place in places) for side in (self.reference, self.window))
        return Inputs(reference, window, self.new, self.gone, self.turned)

    def matrices(self, of_reference: Whole, of_window: Whole) -> tuple[Matrix, Matrix]:
        """Some rows of both sides as `(rows, columns)` for trees: categories numbered as in the reference."""
        import numpy as np

        def stacked(columns: list[NDArray[np.float64]]) -> Matrix:
            return np.column_stack([np.clip(one, -LARGEST, LARGEST).astype(np.float32) for one in columns])

        pairs = [
            (old.of(of_reference), new.of(of_window)) for old, new in zip(self.reference, self.window, strict=True)
        ]
        return stacked([old.values for old, _ in pairs]), stacked([new.named_as(old) for old, new in pairs])


def leant_on(leans: Mapping[str, float], names: Sequence[str]) -> tuple[str, ...]:
    """The columns that a model leans on; one of which nobody knows may be one."""
    return tuple(name for name in names if leans.get(name, 1.0) >= NEGLIGIBLE)


def too_few(reference: int, window: int) -> str:
    """Why two sides cannot be held against each other; empty if they can."""
    if window == 0:
        return "no row yet"
    if min(reference, window) >= FEWEST:
        return ""
    return f"{window:,} rows beside {reference:,} are too few, {FEWEST} of either are needed"


def _turned(old: Column, new: Column) -> bool:
    """Whether names became numbers, or numbers names; a column without any value is of any kind."""
    return bool(old.categories) != bool(new.categories) and _has_any(old) and _has_any(new)


def _has_any(column: Column) -> bool:
    import numpy as np

    return bool((~np.isnan(column.values)).any())


def _like(new: Column, old: Column) -> Column:
    import numpy as np

    gone = np.isnan(new.values)
    if old.categories:
        return Column(new.name, np.where(gone, np.nan, 0.0), (NO_NAME,))
    return Column(new.name, np.where(gone, np.nan, np.inf))
