"""The delivered files of one table as one stream of Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everfit.validation.read import _reader


@dataclass(frozen=True)
class Part:
    """One file of a table: its name as delivered, and where a copy of it is."""

    name: str
    path: Path


def schema(parts: Sequence[Part]) -> Any:
    """The table's columns and their types."""
    return _first(parts).schema


def batches(parts: Sequence[Part], columns: Sequence[str]) -> Iterator[Any]:
    """The rows of the table, in order, as record batches of these columns."""
    for part in parts:
        yield from _table(part).select(list(columns)).to_batches()


def rows(parts: Sequence[Part]) -> int:
    """How many rows the table has."""
    return sum(_table(part).num_rows for part in parts)


def _first(parts: Sequence[Part]) -> Any:
    return _table(parts[0])


def _table(part: Part) -> Any:
    import pyarrow

    table = _reader(part.name)(part.path)
    for place, field in enumerate(table.schema):
        if pyarrow.types.is_null(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pyarrow.float64()))
    return table
