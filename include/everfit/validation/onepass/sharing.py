"""The rows that share a key: do they share their values as well?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from everfit.validation.onepass.column import Column

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    Numbers = np.ndarray[Any, Any]


class Sharing:
    """Marks the rows whose key is repeated, and makes sure that a shared hash is never taken for a shared value.

    `exact` keys are the values. Of a hash, the values of its first row are kept and all other rows held against them;
    if some differ, the next pass counts the values of that hash one by one, and the pass after it marks by count.
    """

    def __init__(self, repeated: Numbers, *, exact: bool) -> None:
        import numpy as np

        self._repeated, self._exact = repeated, exact
        self._at = np.full(0 if exact else len(repeated), -1, np.int64)
        self._firsts: list[list[pyarrow.Array]] = []
        self._kept = 0
        self._collided: set[int] = set()
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._passes = 0

    def see(self, columns: list[Column], keys: Numbers, looked_at: Numbers) -> Numbers:
        """The rows that share their values, as far as this pass knows."""
        import numpy as np

        places = np.searchsorted(self._repeated, keys)
        places[places == len(self._repeated)] = 0
        broken: Numbers = (self._repeated[places] == keys) & looked_at
        if self._exact or not broken.any():
            return broken
        rows = np.flatnonzero(broken)
        values = [_with_nulls(column, rows) for column in columns]
        if self._passes == 0:
            self._collided.update(self._differing(values, places[rows]).tolist())
            return broken
        return self._settle(broken, rows, values, places[rows])

    def again(self) -> bool:
        """Whether hashes collided and have to be settled: once to count their values, once to mark the rows."""
        self._passes += 1
        return bool(self._collided) and self._passes <= 2  # noqa: PLR2004

    def _differing(self, values: list[pyarrow.Array], places: Numbers) -> Numbers:
        """The repeated keys among whose rows there is one with other values than the first."""
        import numpy as np
        import pyarrow
        from pyarrow import compute

        keys, firsts = np.unique(places, return_index=True)
        new = self._at[keys] < 0
        self._at[keys[new]] = self._kept + np.arange(int(new.sum()))
        self._kept += int(new.sum())
        self._firsts.append([value.take(pyarrow.array(firsts[new])) for value in values])
        same = np.ones(len(places), bool)
        at = pyarrow.array(self._at[places])
        for number, value in enumerate(values):
            first = pyarrow.chunked_array([some[number] for some in self._firsts]).take(at).combine_chunks()
            both_null = compute.and_(compute.is_null(value), compute.is_null(first))
            same &= compute.or_(compute.equal(value, first).fill_null(False), both_null).to_numpy(zero_copy_only=False)
        differing: Numbers = np.unique(places[~same])
        return differing

    def _settle(self, broken: Numbers, rows: Numbers, values: list[pyarrow.Array], places: Numbers) -> Numbers:
        import numpy as np
        import pyarrow

        doubtful = np.isin(places, list(self._collided))
        told = [value.filter(pyarrow.array(doubtful)).to_pylist() for value in values]
        found = list(zip(*told, strict=True))
        if self._passes == 1:
            self._counts.update(found)
        else:
            broken[rows[doubtful]] = [self._counts[one] > 1 for one in found]
        return broken


def _with_nulls(column: Column, rows: Numbers) -> pyarrow.Array:
    """The values in some rows, as text if they are codes; every gap is null."""
    import pyarrow
    from pyarrow import compute

    values = column.values if column.gaps is None else compute.if_else(column.gaps, None, column.values)
    taken = values.take(pyarrow.array(rows))
    return taken.dictionary_decode() if isinstance(taken, pyarrow.DictionaryArray) else taken
