"""Rows of a delivered file found by the value of a column, and the same file without them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any

from everfit.validation.formats import Part, parquet, reading
from everfit.validation.without_rows import records, write_without


@dataclass(frozen=True)
class Wanted:
    """The rows whose `column` has one of the values `keys`, compared as text; the keys are never shown."""

    column: str
    keys: frozenset[str]

    @classmethod
    def of(cls, column: str, keys: Iterable[str]) -> Wanted:
        """The rows that have one of the keys; empty keys are left out, since an empty field is no key."""
        return cls(column, frozenset(text for key in keys if (text := plain(key))))

    def __repr__(self) -> str:
        return f"Wanted({self.column!r}, {len(self.keys)} keys)"

    def means(self, value: Any) -> bool:
        """Whether a value of the column is one of the keys: 7, 7.0, "7.0" and " 7" are the same key.

        A number means every key of its worth: whoever read "007" as a number has lost the zeros.
        """
        if value is None:
            return False
        number = _number(str(value)) if isinstance(value, int | float | Decimal) else None
        return plain(str(value)) in self.keys or (number is not None and number in self._numbers)

    def in_row(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is meant, given as its columns."""
        return self.means(row.get(self.column))

    @cached_property
    def _numbers(self) -> frozenset[Decimal]:
        return frozenset(number for key in self.keys if (number := _number(key)) is not None)


def plain(value: str) -> str:
    """A key as it is compared: without blanks around it, a whole number without its decimals."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", value.strip())


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def count(part: Part, wanted: Wanted) -> int:
    """How many such rows the file has; none if it has no such column. Errors: `DataError` if it cannot be read."""
    return sum(_hits(part, wanted))


def columns(part: Part) -> list[str]:
    """The columns of the file. Errors: `DataError` if it cannot be read."""
    if part.ending == ".parquet":
        with parquet(part) as file:
            return list(file.schema_arrow.names)
    header, found = records(part)
    with reading(part):
        return _fields(header) if header else sorted({name for line in found for name in _row(line)})


def without(part: Part, wanted: Wanted, into: Path) -> int:
    """Write the file `into` without such rows; returns how many rows are left. Errors: as of `count`."""
    import numpy as np

    hits = np.fromiter(_hits(part, wanted), bool)
    write_without(part, hits, into)
    return int((~hits).sum())


def _hits(part: Part, wanted: Wanted) -> Iterator[bool]:
    """For every row of the file, whether it is meant."""
    if part.ending == ".parquet":
        yield from _parquet_hits(part, wanted)
        return
    header, found = records(part)
    with reading(part):
        if not header:
            yield from (wanted.in_row(_row(line)) for line in found)
            return
        names = _fields(header)
        for record in found:
            yield wanted.in_row(dict(zip(names, _fields(record), strict=False)))


def _parquet_hits(part: Part, wanted: Wanted) -> Iterator[bool]:
    with parquet(part) as file:
        there = wanted.column in file.schema_arrow.names
        for number in range(file.metadata.num_row_groups):
            if there:
                (column,) = file.read_row_group(number, [wanted.column]).columns
                yield from (wanted.means(value) for value in column.to_pylist())
            else:
                yield from (False for _ in range(file.metadata.row_group(number).num_rows))


def _row(line: bytes) -> dict[str, Any]:
    if not isinstance(row := json.loads(line), dict):
        raise ValueError("a line is no JSON object")  # noqa: TRY004 - it is the file that is wrong
    return row


def _fields(record: bytes) -> list[str]:
    try:
        return next(csv.reader([record.decode("utf-8-sig")]), [])
    except csv.Error as error:
        raise ValueError(str(error)) from error
