"""What a column of texts held: how many rows of each category that was known, and of all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 100
"""Categories with a count of their own."""


@dataclass(frozen=True)
class Categories:
    """The categories of a column that are counted apart, as learnt from a reference; all others are `other`.

    >>> import numpy as np
    >>> known = Categories.learn(Counter(["JFK", "LGA", "JFK", None]))
    >>> known.names
    ('JFK', 'LGA')
    >>> known.count(["LGA", "EWR", None]).cells
    (0, 1, 1, 1)
    >>> known.count_codes(np.array([1, 0, -1]), ["EWR", "LGA"]).cells
    (0, 1, 1, 1)
    """

    names: tuple[str, ...]

    @classmethod
    def learn(cls, counts: Mapping[Any, int], most: int = MOST) -> Categories:
        """The categories with the most rows, the largest first."""
        texts = [(-count, name) for name, count in counts.items() if isinstance(name, str)]
        return cls(tuple(name for _, name in sorted(texts)[:most]))

    def count(self, values: Sequence[Any]) -> Tally:
        """What `values` hold; whatever is no text is missing."""
        return self.of(Counter(values))

    def count_codes(self, codes: NDArray[Any], names: Sequence[Any]) -> Tally:
        """The same for values that are kept as places in `names` (a dictionary in Parquet); a missing one is -1.

        Ten times as fast: the rows are counted as numbers.
        """
        import numpy as np

        missing, *counts = np.bincount(codes + 1, minlength=len(names) + 1).tolist()
        found = Counter({None: missing})
        for name, count in zip(names, counts, strict=True):
            found[name] += count
        return self.of(found)

    def of(self, counts: Mapping[Any, int]) -> Tally:
        """The tally of rows that were counted by category."""
        known = tuple(counts.get(name, 0) for name in self.names)
        texts = sum(count for name, count in counts.items() if isinstance(name, str))
        return Tally(self, known, texts - sum(known), sum(counts.values()) - texts)


@dataclass(frozen=True)
class Tally:
    """How many rows had each of the categories, how many any `other` text, and how many none.

    >>> known = Categories(("a", "b"))
    >>> known.count(["a", "c"]).merged(known.count(["a", None]))
    Tally(categories=Categories(names=('a', 'b')), counts=(2, 0), other=1, missing=1)
    """

    categories: Categories
    counts: tuple[int, ...]
    other: int
    missing: int

    @property
    def cells(self) -> tuple[int, ...]:
        """Where every row is: in a known category, in another, or missing."""
        return (*self.counts, self.other, self.missing)

    @property
    def rows(self) -> int:
        """How many rows there were."""
        return sum(self.cells)

    def merged(self, *others: Tally) -> Tally:
        """What all of them held together."""
        if any(other.categories != self.categories for other in others):
            raise ValueError("tallies of different categories do not add up: count both with those of the reference")
        every = (self, *others)
        return Tally(
            self.categories,
            tuple(map(sum, zip(*(one.counts for one in every), strict=True))),
            sum(one.other for one in every),
            sum(one.missing for one in every),
        )
