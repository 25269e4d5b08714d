"""Marked rows of a table, one bit for each row of a batch that has any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from everfit.validation.onepass.column import Batch

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    Numbers = np.ndarray[Any, Any]


class Marks:
    """Which rows are marked, file by file; false if there is none."""

    def __init__(self) -> None:
        self._bits: list[tuple[int, int, int, Numbers]] = []

    def __bool__(self) -> bool:
        return bool(self._bits)

    def add(self, batch: Batch, marked: pyarrow.BooleanArray) -> None:
        """Mark rows of a batch."""
        import numpy as np

        self._bits.append((batch.part, batch.start, batch.rows, np.packbits(np.asarray(marked))))

    def set(self, numbers: Sequence[int], sizes: Sequence[int]) -> None:
        """Mark rows by their numbers in the whole table, whose files have these sizes."""
        import numpy as np

        marked = np.zeros(sum(sizes), bool)
        marked[list(numbers)] = True
        ends = np.cumsum(sizes)
        pieces = np.split(marked, ends[:-1])
        self._bits = [(part, 0, sizes[part], np.packbits(one)) for part, one in enumerate(pieces) if one.any()]

    def clear(self) -> None:
        """Forget all marks."""
        self._bits = []

    def of_part(self, part: int) -> Iterator[tuple[int, Numbers]]:
        """Pieces of one file as (number of the first row, true for every marked row), in order."""
        import numpy as np

        for number, start, rows, bits in self._bits:
            if number == part:
                yield start, np.unpackbits(bits, count=rows).view(bool)

    def rows(self, part: int) -> Numbers:
        """The numbers of the marked rows in one file."""
        import numpy as np

        found = [np.flatnonzero(marked) + start for start, marked in self.of_part(part)]
        return np.concatenate(found) if found else np.empty(0, np.int64)
