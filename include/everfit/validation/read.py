"""Reading one delivered file as a table, strictly: a file that is cut off or torn is refused, not half read."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError, SpecError

if TYPE_CHECKING:
    from pandas import DataFrame


def read_table(path: Path, name: str | None = None) -> DataFrame:
    """Read a `.parquet`, `.csv`, `.csv.gz` or `.jsonl` file; whatever reads a batch reads it here.

    `name` is what the file was called when it was delivered, if `path` is a copy under another name. In a CSV file an
    empty field and `NA` are missing values, and every line has as many fields as the header. A column without any value
    is read as float. Errors: `DataError` for a file that cannot be read whole, `SpecError` for another kind of file.
    """
    import pyarrow

    name = name or path.name
    reader = _reader(name)
    if path.stat().st_size == 0:
        raise DataError(f"{name} is empty (0 bytes)")
    try:
        table = reader(path)
        names = table.column_names
    except (pyarrow.ArrowException, ValueError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} cannot be read: {_first_line(error)}") from error
    if twice := sorted(column for column, times in Counter(names).items() if times > 1):
        raise DataError(f"{name} has more than one column {', '.join(map(repr, twice))}")
    return _frame(table)


def _reader(name: str) -> Callable[[Path], Any]:
    for ending, reader in _READERS.items():
        if name.endswith(ending):
            return reader
    raise SpecError(f"everfit cannot read {name!r}; a table is a file that ends in {', '.join(_READERS)}")


def _parquet(path: Path) -> Any:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return file.read()


def _csv(path: Path) -> Any:
    return _parse_csv(path.read_bytes())


def _csv_gz(path: Path) -> Any:
    return _parse_csv(gzip.decompress(path.read_bytes()))


def _parse_csv(data: bytes) -> Any:
    from pyarrow import BufferReader, csv

    # One block for the whole file: Arrow settles a column's type on the first block and refuses what differs later.
    data.decode()  # Arrow would take bytes that are no text for a binary column
    return csv.read_csv(
        BufferReader(data),
        read_options=csv.ReadOptions(block_size=len(data) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=True),
    )


def _jsonl(path: Path) -> Any:
    from pyarrow import BufferReader, json

    data = path.read_bytes()
    return json.read_json(BufferReader(data), read_options=json.ReadOptions(block_size=len(data) + 1))


_READERS = {".parquet": _parquet, ".csv": _csv, ".csv.gz": _csv_gz, ".jsonl": _jsonl}


def _frame(table: Any) -> DataFrame:
    import pyarrow

    for place, field in enumerate(table.schema):
        if pyarrow.types.is_null(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pyarrow.float64()))
    frame: DataFrame = table.to_pandas(date_as_object=False, ignore_metadata=True)
    return frame


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
