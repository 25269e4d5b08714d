"""No value twice: in one pass if that is so, in a second one if not, to find every row that shares its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from everfit.validation.onepass.arguments import EXACT
from everfit.validation.onepass.column import TEXT, Batch, Column, kind_of
from everfit.validation.onepass.hashing import exact_keys, filled, row_keys
from everfit.validation.onepass.keys import Keys
from everfit.validation.onepass.shape import SHOWN, Found, counted, shown
from everfit.validation.onepass.sharing import Sharing

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    Numbers = np.ndarray[Any, Any]


class Unique:
    """Rows whose values in one or several columns occur in another row too.

    A column of numbers or times that only rises needs no more than each value and the one before it. Otherwise every
    row gives a key of 64 bits: without a repeated key there is no repeated value, and one pass was enough. With one,
    `Sharing` looks at the rows that have it once more and compares the values themselves.
    """

    def __init__(self, names: Sequence[str], kinds: Sequence[pyarrow.DataType], given: Mapping[str, Any]) -> None:
        from pyarrow import types

        self.columns = tuple(names)
        self._ignore = given.get("ignore_row_if", "any_value_is_missing" if len(names) == 1 else _ALL)
        self._mostly = given.get("mostly", 1)
        self._whole = [bool(types.is_integer(kind)) for kind in kinds]
        self._exact = len(names) == 1 and kind_of(kinds[0]) != TEXT
        self._rising = self._exact
        self._last: Any = None
        self._keys = Keys()
        self._sharing: Sharing | None = None
        self._fallen = False
        self._begin()

    def _begin(self) -> None:
        self._rows = self._looked_at = self._broken = self._largest = 0
        self._gaps = [0] * len(self.columns)
        self._first: list[list[pyarrow.Array]] = []

    def see(self, batch: Batch) -> pyarrow.BooleanArray | None:
        """Look at the rows, as far as this pass does; the rows known to share their values, None if there is none."""
        columns = [batch.columns[name] for name in self.columns]
        for place, column in enumerate(columns):
            self._gaps[place] += column.missing
            if self._whole[place]:
                self._largest = max(self._largest, *(abs(end.as_py() or 0) for end in column.range))
        if self._rising and not self._rises(columns[0]):
            self._rising = False
            self._fallen = self._rows > 0  # what was seen before left no keys: all have to be seen again
        self._rows += batch.rows
        looked_at = self._kept(columns, batch.rows)
        self._looked_at += int(looked_at.sum())
        if self._rising or self._fallen:
            return None
        keys = exact_keys(filled(columns[0])) if self._exact else row_keys(columns)
        if self._sharing is None:
            self._keys.add(keys[looked_at])
            return None
        return self._mark(columns, keys, looked_at)

    def _mark(self, columns: list[Column], keys: Numbers, looked_at: Numbers) -> pyarrow.BooleanArray | None:
        import pyarrow

        assert self._sharing is not None  # noqa: S101 - see() asks first
        broken = self._sharing.see(columns, keys, looked_at)
        count = int(broken.sum())
        if not count:
            return None
        self._broken += count
        rows = pyarrow.array(broken)
        if sum(len(some[0]) for some in self._first) < SHOWN:
            self._first.append([decoded(column.values.filter(rows)[:SHOWN]) for column in columns])
        return rows

    def again(self) -> bool:
        """Whether the rows have to be looked at once more."""
        if self._rising:
            return False
        if self._fallen:
            self._fallen = False
        elif self._sharing is None:
            repeated = self._keys.repeated()
            self._keys.close()
            if not len(repeated):
                return False
            self._sharing = Sharing(repeated, exact=self._exact)
        elif not self._sharing.again():
            return False
        self._begin()
        return True

    def found(self) -> Found | None:
        """The result; None if a frame would hold other values than the file."""
        odd = any(whole and gaps for whole, gaps in zip(self._whole, self._gaps, strict=True)) and self._largest > EXACT
        if not self._looked_at or odd:
            return None
        return counted(self._rows, self._looked_at, self._broken, self._shown(), self._mostly)

    def _shown(self) -> list[Any]:
        values = [
            [value for some in self._first for value in shown(some[place], whole and bool(gaps))]
            for place, (whole, gaps) in enumerate(zip(self._whole, self._gaps, strict=True))
        ]
        if len(self.columns) == 1:
            return values[0][:SHOWN]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*values, strict=True)][:SHOWN]

    def _rises(self, column: Column) -> bool:
        known = column.known
        if not len(known):
            return True
        from pyarrow import types

        whole = known.view("int64") if types.is_timestamp(known.type) else known
        values = (whole.view("int32") if types.is_date32(whole.type) else whole).to_numpy(zero_copy_only=False)
        if not (values[1:] > values[:-1]).all() or (self._last is not None and not values[0] > self._last):
            return False
        self._last = values[-1]
        return True

    def _kept(self, columns: list[Column], rows: int) -> Numbers:
        """The rows that are looked at at all."""
        import numpy as np

        if self._ignore == "never":
            return np.ones(rows, bool)
        gaps = [np.zeros(rows, bool) if column.gaps is None else np.asarray(column.gaps) for column in columns]
        ignored = np.logical_and.reduce(gaps) if self._ignore == _ALL else np.logical_or.reduce(gaps)
        kept: Numbers = ~ignored
        return kept


_ALL = "all_values_are_missing"


def decoded(values: pyarrow.Array) -> pyarrow.Array:
    """Text as text."""
    import pyarrow

    return values.dictionary_decode() if isinstance(values, pyarrow.DictionaryArray) else values
