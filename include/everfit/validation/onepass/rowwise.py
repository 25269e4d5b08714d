"""Expectations on each row by itself: a condition, and the counting of the rows that break it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from everfit.validation.onepass import column as columns
from everfit.validation.onepass.arguments import EXACT
from everfit.validation.onepass.column import Batch, Column
from everfit.validation.onepass.shape import SHOWN, Found, counted, counted_all, shown

if TYPE_CHECKING:
    import pyarrow

Condition = Callable[[Column], "pyarrow.BooleanArray | None"]


class Counting:
    """Counts the rows of one column that break a condition, and keeps the first of them to be shown."""

    def __init__(self, name: str, condition: Condition, mostly: float, *, whole: bool) -> None:
        self.columns = (name,)
        self._condition, self._mostly, self._whole = condition, mostly, whole
        self._rows = self._looked_at = self._broken = self._largest = 0
        self._first: list[pyarrow.Array] = []

    def see(self, batch: Batch) -> pyarrow.BooleanArray | None:
        """Count; the rows of the batch that break the condition, None if there is none."""
        from pyarrow import compute

        column = batch.columns[self.columns[0]]
        self._rows += batch.rows
        self._looked_at += batch.rows - column.missing
        if self._whole:
            self._largest = max(self._largest, *(abs(end.as_py() or 0) for end in column.range))
        broken = self._condition(column)
        if broken is None:
            return None
        if column.gaps is not None:
            broken = compute.and_not(broken, column.gaps)
        count = broken.true_count
        if count and sum(map(len, self._first)) < SHOWN:
            self._first.append(_decoded(column.values.filter(broken)[:SHOWN]))
        self._broken += count
        return broken if count else None

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found | None:
        """The result; None if a frame would hold other values than the file (GX is odd about those)."""
        gaps = self._looked_at < self._rows
        if not self._looked_at or (self._largest > EXACT):
            return None
        return counted(self._rows, self._looked_at, self._broken, self._shown(as_float=gaps), self._mostly)

    def _shown(self, *, as_float: bool) -> list[Any]:
        sample = [value for values in self._first for value in shown(values, self._whole and as_float)]
        return sample[:SHOWN]


class CountingGaps:
    """Counts the rows without a value, or those with one."""

    def __init__(self, name: str, kind: pyarrow.DataType, mostly: float, *, wanted: bool) -> None:
        from pyarrow import types

        self.columns = (name,)
        self._gap = "NaT" if types.is_temporal(kind) else None
        self._mostly, self._wanted = mostly, wanted
        self._rows = self._gaps = 0
        self._first: list[pyarrow.Array] = []
        self._whole = False

    def see(self, batch: Batch) -> pyarrow.BooleanArray | None:
        """Count; the rows of the batch that break the expectation, None if there is none."""
        from pyarrow import compute, types

        column = batch.columns[self.columns[0]]
        self._rows += batch.rows
        self._gaps += column.missing
        if self._wanted:
            return column.gaps
        if column.missing == batch.rows:
            return None
        if sum(map(len, self._first)) < SHOWN:
            self._first.append(_decoded(column.known[:SHOWN]))
            self._whole = types.is_integer(self._first[-1].type)
        return compute.invert(column.values.is_null() if column.gaps is None else column.gaps)

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found:
        """The result; every row is looked at, so none is missing."""
        if self._wanted:
            return counted_all(self._rows, self._gaps, [self._gap] * min(self._gaps, SHOWN), self._mostly)
        sample = [value for values in self._first for value in shown(values, self._whole and bool(self._gaps))]
        return counted_all(self._rows, self._rows - self._gaps, sample[:SHOWN], self._mostly)


def _decoded(values: pyarrow.Array) -> pyarrow.Array:
    import pyarrow

    return values.dictionary_decode() if isinstance(values, pyarrow.DictionaryArray) else values


def between(kind: pyarrow.DataType, given: Mapping[str, Any]) -> Condition | None:
    """Values outside the limits; None if the limits are of another sort than the column's values."""
    from pyarrow import compute

    bounds = (given.get("min_value"), given.get("max_value"))
    if columns.kind_of(kind) == columns.WHOLE:
        bounds = _in_whole_numbers(given)
    low, high = (limit(kind, bound) for bound in bounds)
    if low is False or high is False:
        return None
    too_low = compute.less_equal if given.get("strict_min") else compute.less
    too_high = compute.greater_equal if given.get("strict_max") else compute.greater

    def outside(column: Column) -> pyarrow.BooleanArray | None:
        smallest, largest = column.range
        if not smallest.is_valid:
            return None
        tests = [(too_low, low, smallest), (too_high, high, largest)]
        broken = [
            test(column.values, end) for test, end, worst in tests if end is not None and test(worst, end).as_py()
        ]
        if not broken:
            return None
        return (broken[0] if len(broken) == 1 else compute.or_(*broken)).fill_null(False)

    return outside


def _in_whole_numbers(given: Mapping[str, Any]) -> tuple[Any, Any]:
    """The limits as whole numbers that let the same whole numbers pass: at least 0.5 is at least 1."""
    low, high = given.get("min_value"), given.get("max_value")
    if isinstance(low, float):
        low = math.floor(low) if given.get("strict_min") else math.ceil(low)
    if isinstance(high, float):
        high = math.ceil(high) if given.get("strict_max") else math.floor(high)
    return low, high


def limit(kind: pyarrow.DataType, value: Any) -> Any:
    """A limit as an Arrow scalar that compares with the column; None for no limit, False if it cannot be compared."""
    import pyarrow
    from pyarrow import types

    if value is None:
        return None
    sort = columns.kind_of(kind)
    if isinstance(value, str) != (sort == columns.TIME) or sort not in (columns.WHOLE, columns.FRACTION, columns.TIME):
        return False
    if sort != columns.TIME:
        return pyarrow.scalar(value, pyarrow.int64() if sort == columns.WHOLE else pyarrow.float64())
    moment = datetime.fromisoformat(value)
    if not types.is_timestamp(kind) or (kind.tz is None) != (moment.tzinfo is None):
        return False
    zone = None if kind.tz is None else "UTC"
    exact = pyarrow.scalar(moment if zone is None else moment.astimezone(UTC), pyarrow.timestamp("us", zone))
    return exact.cast(pyarrow.timestamp("us", kind.tz))


def _unsigned(kind: pyarrow.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_unsigned_integer(kind))


def in_set(kind: pyarrow.DataType, members: list[Any], *, wanted: bool) -> Condition | None:
    """Values that are not in the set, or (if not `wanted`) that are; None if the set is of another sort."""
    from pyarrow import compute

    values = set_of(kind, members)
    if values is None:
        return None

    def test(values_seen: pyarrow.Array) -> pyarrow.BooleanArray:
        seen = compute.add(values_seen, 0.0) if values.type == "double" else values_seen  # -0.0 is 0.0
        found = compute.is_in(seen, value_set=values)
        return compute.invert(found) if wanted else found

    return _on_entries(test)


def set_of(kind: pyarrow.DataType, members: list[Any]) -> pyarrow.Array | None:
    """The members that a column of this type can hold at all; None if they are of another sort than its values."""
    import pyarrow

    sort = columns.kind_of(kind)
    if isinstance(members[0], str):
        return pyarrow.array(members, kind) if sort == columns.TEXT else None
    if sort == columns.FRACTION:
        return pyarrow.array([member + 0.0 for member in members], kind) if kind == pyarrow.float64() else None
    if sort != columns.WHOLE:
        return None
    low, high = (
        (0 if _unsigned(kind) else -(1 << kind.bit_width - 1)),
        (1 << kind.bit_width - (not _unsigned(kind))) - 1,
    )
    return pyarrow.array([int(m) for m in members if float(m).is_integer() and low <= m <= high], kind)


def matches(regex: str, *, wanted: bool) -> Condition:
    """Text that the pattern is not found in, or (if not `wanted`) is, as pandas looks for it."""
    import pyarrow

    def test(values: pyarrow.Array) -> pyarrow.BooleanArray:
        found = values.to_pandas().astype("str").str.contains(regex).to_numpy(dtype=bool, na_value=wanted)
        return pyarrow.array(~found if wanted else found)

    return _on_entries(test)


def lengths(given: Mapping[str, Any]) -> Condition:
    """Text with too few or too many characters."""
    import numpy as np
    import pyarrow
    from pyarrow import compute

    low, high = (given.get("value", given.get(key)) for key in ("min_value", "max_value"))
    too_short = operator.le if given.get("strict_min") else operator.lt
    too_long = operator.ge if given.get("strict_max") else operator.gt

    def test(values: pyarrow.Array) -> pyarrow.BooleanArray:
        sizes = compute.utf8_length(values).fill_null(0).to_numpy(zero_copy_only=False)
        broken = np.zeros(len(sizes), bool)
        if low is not None:
            broken |= too_short(sizes, low)
        return pyarrow.array(broken if high is None else broken | too_long(sizes, high))

    return _on_entries(test)


def not_text(_: Column) -> None:
    """No value of a column of text is anything else."""


def not_of_type(column: Column) -> pyarrow.BooleanArray:
    """Every value of a column of text is of another type than the one wanted."""
    from pyarrow import compute

    return compute.is_valid(column.values)


def _on_entries(test: Callable[[pyarrow.Array], pyarrow.BooleanArray]) -> Condition:
    """Ask once for each entry of a dictionary where there is one, else once for each row."""

    def condition(column: Column) -> pyarrow.BooleanArray | None:
        if not column.coded:
            return test(column.values)
        return column.by_entry(test(column.values.dictionary).to_numpy(zero_copy_only=False))

    return condition
