"""Rows of a delivered file found by the value of a column, and the same file without them.

What stays, stays as it was delivered: a CSV or JSON record keeps its exact text, Parquet its schema and row groups.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from everfit.errors import DataError, did_you_mean

T = TypeVar("T")

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")  # str.splitlines would also cut inside of a value
_FIELD = r'(?:"[^"]*(?:""[^"]*)*"[^,\r\n]*|[^",\r\n][^,\r\n]*)?'
_RECORD = re.compile(rf"{_FIELD}(?:,{_FIELD})*(?:\r\n|\n|\r|\Z)")
ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl")


@dataclass(frozen=True)
class Wanted:
    """The rows whose `column` has one of the values `keys`, compared as text; the keys are never shown."""

    column: str
    keys: frozenset[str]

    @classmethod
    def of(cls, column: str, keys: Iterable[str]) -> Wanted:
        """The rows that have one of the keys; empty keys are left out, since an empty field is no key."""
        return cls(column, frozenset(plain for key in keys if (plain := _plain(key))))

    def __repr__(self) -> str:
        return f"Wanted({self.column!r}, {len(self.keys)} keys)"

    def means(self, value: Any) -> bool:
        """Whether a value of the column is one of the keys: 7, 7.0, "7.0" and " 7" are the same key."""
        return value is not None and _plain(str(value)) in self.keys


def _plain(value: str) -> str:
    """A key as it is compared: without blanks around it, a whole number without its decimals."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", value.strip())


def count(path: Path, wanted: Wanted, name: str | None = None) -> int:
    """How many such rows the file has; none if it has no such column. `DataError` if it cannot be read.

    `name` is what the file was called when it was delivered, if `path` is a copy under another name.
    """
    return _reading(path, name, lambda kind: int(sum(hit for _, hit in kind(path, wanted))))


def columns(path: Path) -> list[str]:
    """The columns of the file. `DataError` if it cannot be read."""
    return _reading(path, None, lambda kind: list[str](_COLUMNS[kind](path)))


def without(path: Path, wanted: Wanted, into: Path) -> int:
    """Write the file `into` without such rows; returns how many rows are left. Equal input gives equal bytes."""
    return _reading(path, into.name, lambda kind: int(_WRITERS[kind](path, wanted, into)))


def _reading(path: Path, name: str | None, read: Callable[[Any], T]) -> T:
    import pyarrow

    name = name or path.name
    kind = next((reader for ending, reader in _READERS.items() if name.endswith(ending)), None)
    if kind is None:
        raise DataError(f"{name} is no table{did_you_mean(Path(name).suffix, ENDINGS)}")
    try:
        return read(kind)
    except (pyarrow.ArrowException, ValueError, OSError, EOFError, zlib.error, csv.Error) as error:
        raise DataError(f"{name} cannot be searched: {type(error).__name__}: {error}") from error


def _parquet(path: Path, wanted: Wanted) -> Iterator[tuple[Any, int]]:
    """Each row group without its column's hits, and how many those were."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        if wanted.column not in file.schema_arrow.names:
            return
        for group in range(file.num_row_groups):
            (column,) = file.read_row_group(group, [wanted.column]).columns
            hits = [wanted.means(value) for value in column.to_pylist()]
            yield (group, hits), sum(hits)


def _write_parquet(path: Path, wanted: Wanted, into: Path) -> int:
    from pyarrow import array, parquet

    with parquet.ParquetFile(path) as file:
        packed = file.metadata.row_group(0).column(0).compression if file.num_row_groups else "SNAPPY"
        left = 0
        with parquet.ParquetWriter(into, file.schema_arrow, compression=_codec(packed)) as writer:
            for (group, hits), _ in _parquet(path, wanted):
                kept = file.read_row_group(group).filter(array([not hit for hit in hits]))
                left += len(kept)
                writer.write_table(kept)
    return left


def _codec(name: str) -> str:
    return "NONE" if name == "UNCOMPRESSED" else name


def _csv(path: Path, wanted: Wanted) -> Iterator[tuple[Any, int]]:
    """Each record with its very text, the header first."""
    records = _records(_text(path))
    header = next(records, "")
    if not header:
        raise ValueError("it has no header")
    names = next(csv.reader([header.lstrip("\ufeff")]))
    yield header, 0
    place = names.index(wanted.column) if wanted.column in names else None
    for record in records:
        fields = next(csv.reader([record]), [])
        yield record, int(place is not None and place < len(fields) and wanted.means(fields[place]))


def _write_csv(path: Path, wanted: Wanted, into: Path) -> int:
    kept = [record for record, hit in _csv(path, wanted) if not hit]
    return _write_text(into, kept, rows=len(kept) - 1)


def _jsonl(path: Path, wanted: Wanted) -> Iterator[tuple[Any, int]]:
    for line in _LINE.findall(_text(path)):
        row = json.loads(line) if line.strip() else {}
        yield line, int(wanted.means(row.get(wanted.column)))


def _write_jsonl(path: Path, wanted: Wanted, into: Path) -> int:
    kept = [line for line, hit in _jsonl(path, wanted) if not hit]
    return _write_text(into, kept, rows=sum(bool(line.strip()) for line in kept))


def _write_text(into: Path, records: list[str], rows: int) -> int:
    data = "".join(records).encode()
    into.write_bytes(gzip.compress(data, mtime=0) if into.name.endswith(".gz") else data)
    return rows


def _text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()


def _records(text: str) -> Iterator[str]:
    """The records of a CSV text, each with its line end: a line end within a quoted field belongs to its record."""
    place = 0
    while place < len(text):
        found = _RECORD.match(text, place)
        if found is None:
            raise ValueError("a quote is opened and never closed")
        yield found[0]
        place = found.end()


def _parquet_columns(path: Path) -> list[str]:
    from pyarrow import parquet

    names: list[str] = parquet.read_schema(path).names
    return names


def _csv_columns(path: Path) -> list[str]:
    return next(csv.reader([next(_records(_text(path)), "").lstrip("\ufeff")]), [])


def _jsonl_columns(path: Path) -> list[str]:
    return sorted({name for line in _LINE.findall(_text(path)) if line.strip() for name in json.loads(line)})


_READERS = {".parquet": _parquet, ".csv": _csv, ".csv.gz": _csv, ".jsonl": _jsonl}
_WRITERS = {_parquet: _write_parquet, _csv: _write_csv, _jsonl: _write_jsonl}
_COLUMNS = {_parquet: _parquet_columns, _csv: _csv_columns, _jsonl: _jsonl_columns}
