"""What one pass over a table of one batch leaves: per column counts, extremes, the few values, the shape of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from math import isfinite
from typing import TYPE_CHECKING, Any

from everfit.validation.infer.keys import Keys
from everfit.validation.infer.shapes import Shape
from everfit.validation.stream import Part, batches, schema

if TYPE_CHECKING:
    import pyarrow

NUMBERS, TEXT, TIME, TRUTH, OTHER = "number", "text", "time", "truth", "other"
FEW = 50
"""So many different texts are still kept one by one."""

_TIMES_COMPARED = 6
_FLOATS = {"double": "float64", "float": "float32", "halffloat": "float16"}


@dataclass
class Column:
    """One column of one batch. `low` and `high` are the extremes of its finite numbers or of its times.

    `few` are its different texts and how often each is there, None once there are more than `FEW`.
    """

    kind: str
    whole: bool
    type_name: str
    nulls: int = 0
    low: Any = None
    high: Any = None
    infinite: bool = False
    few: Counter[str] | None = field(default_factory=Counter)
    shape: Shape = field(default_factory=Shape)

    def take(self, values: pyarrow.Array) -> None:
        """Look at some more rows."""
        from pyarrow import compute

        if self.kind == NUMBERS and not self.whole:
            values = compute.if_else(compute.is_nan(values), None, values)
        self.nulls += values.null_count
        if values.null_count == len(values):
            return
        if self.kind in (NUMBERS, TIME):
            found = compute.min_max(values).as_py()
            self._stretch(_plain(found["min"]), _plain(found["max"]))
        elif self.kind == TEXT:
            self._look_at(values.value_counts())

    def _stretch(self, low: Any, high: Any) -> None:
        if isinstance(low, float) and not (isfinite(low) and isfinite(high)):
            self.infinite = True
            return
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def _look_at(self, counted: pyarrow.StructArray) -> None:
        for entry in counted:
            text, times = entry["values"].as_py(), entry["counts"].as_py()
            if text is None:
                continue
            self.shape.take(text)
            if self.few is not None:
                self.few[text] += times
        if self.few is not None and len(self.few) > FEW:
            self.few = None


@dataclass(frozen=True)
class Profile:
    """A table of one batch: its rows, its columns in order, its keys, and pairs of times `(a, b)` with never a > b."""

    label: str
    rows: int
    columns: dict[str, Column]
    keys: Keys
    in_order: frozenset[tuple[str, str]]


def profile(label: str, parts: Sequence[Part], keys: Keys | None = None) -> Profile:
    """Read every column of the table's files once, row group by row group.

    `keys` are the candidates that earlier batches left, if there were any: they are held against this batch too.
    """
    known = schema(parts)
    columns = {name: _column(known.field(name).type) for name in known.names}
    times = [name for name, column in columns.items() if column.kind == TIME][:_TIMES_COMPARED]
    ordered = {pair for one in combinations(times, 2) for pair in (one, one[::-1])}
    search = (keys or Keys()).next_batch()
    rows = 0
    for batch in batches(parts, known.names):
        rows += batch.num_rows
        for name, column in columns.items():
            column.take(_array(batch, name))
        ordered -= set(_out_of_order(batch, ordered))
        search.take(batch, columns)
    return Profile(label, rows, columns, search, frozenset(ordered))


def _column(kind: pyarrow.DataType) -> Column:
    from pyarrow import types

    if types.is_boolean(kind):
        return Column(TRUTH, True, "bool")
    if types.is_integer(kind) or types.is_floating(kind):
        return Column(NUMBERS, types.is_integer(kind), _FLOATS.get(str(kind), str(kind)))
    if types.is_string(kind) or types.is_large_string(kind):
        return Column(TEXT, True, "str")
    if types.is_timestamp(kind) or types.is_date(kind):
        return Column(TIME, True, "moment" if types.is_timestamp(kind) and kind.tz else "local time")
    return Column(OTHER, True, str(kind))


def _array(batch: pyarrow.RecordBatch, name: str) -> pyarrow.Array:
    from pyarrow import types

    values = batch.column(name)
    return values.cast("string") if types.is_dictionary(values.type) else values


def _out_of_order(batch: pyarrow.RecordBatch, pairs: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    from pyarrow import compute

    for early, late in pairs:
        one, other = batch.column(early), batch.column(late)
        if one.type != other.type or compute.any(compute.greater(one, other)).as_py():
            yield early, late


def _plain(value: Any) -> Any:
    """A date or a time as a moment in UTC; numbers as they are."""
    if hasattr(value, "year"):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value
