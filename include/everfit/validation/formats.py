"""The kinds of files that carry a table, read strictly: a file that is cut off or torn is refused, not half read."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError, SpecError

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.parquet import ParquetFile

ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl")


@dataclass(frozen=True)
class Part:
    """One file that carries rows of a table: what it was called when it was delivered, and where its bytes are now."""

    name: str
    path: Path

    @property
    def ending(self) -> str:
        """Which kind of file it is, by the name it was delivered under. Errors: `SpecError` for any other kind."""
        for ending in ENDINGS:
            if self.name.endswith(ending):
                return ending
        raise SpecError(f"everfit cannot read {self.name!r}; a table is a file that ends in {', '.join(ENDINGS)}")


def file_schema(part: Part) -> pyarrow.Schema:
    """The columns of one file: what a Parquet file says, what the values of a CSV or JSON file are."""
    if part.ending != ".parquet":
        return read_text(part).schema
    with parquet(part) as file:
        return file.schema_arrow


@contextmanager
def parquet(part: Part, dictionaries: Sequence[str] = ()) -> Iterator[ParquetFile]:
    """Open a Parquet file; `dictionaries` are text columns to be read as codes. Errors: `DataError` if it is torn."""
    from pyarrow.parquet import ParquetFile

    with reading(part), ParquetFile(part.path, read_dictionary=list(dictionaries), pre_buffer=False) as file:
        _no_name_twice(part, file.schema_arrow.names)
        yield file


def read_text(part: Part, columns: Sequence[str] = ()) -> pyarrow.Table:
    """All rows of a CSV or JSON lines file, or only some of its columns. Errors: `DataError` if it is torn."""
    with reading(part):
        table = _jsonl(part.path.read_bytes()) if part.ending == ".jsonl" else _csv(text_bytes(part), columns)
    _no_name_twice(part, table.schema.names)
    return table


def text_bytes(part: Part) -> bytes:
    """The text in a CSV or JSON lines file, unpacked if it is packed. Errors: those of gzip."""
    data = part.path.read_bytes()
    return gzip.decompress(data) if part.ending.endswith(".gz") else data


@contextmanager
def reading(part: Part) -> Iterator[None]:
    """Whatever is wrong with the bytes is a `DataError` with the name of the file."""
    import pyarrow

    part.ending  # noqa: B018 - another kind of file is a mistake in the spec even if it is empty
    if part.path.stat().st_size == 0:
        raise DataError(f"{part.name} is empty (0 bytes)")
    try:
        yield
    except (pyarrow.ArrowException, ValueError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{part.name} cannot be read: {_first_line(error)}") from error


def _csv(data: bytes, columns: Sequence[str]) -> Any:
    from pyarrow import BufferReader, csv

    # One block for the whole file: Arrow settles a column's type on the first block and refuses what differs later.
    data.decode()  # Arrow would take bytes that are no text for a binary column
    return csv.read_csv(
        BufferReader(data),
        read_options=csv.ReadOptions(block_size=len(data) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            null_values=["", "NA"], strings_can_be_null=True, include_columns=list(columns)
        ),
    )


def _jsonl(data: bytes) -> Any:
    from pyarrow import BufferReader, json

    return json.read_json(BufferReader(data), read_options=json.ReadOptions(block_size=len(data) + 1))


def _no_name_twice(part: Part, names: Iterable[str]) -> None:
    if twice := sorted(column for column, times in Counter(names).items() if times > 1):
        raise DataError(f"{part.name} has more than one column {', '.join(map(repr, twice))}")


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
