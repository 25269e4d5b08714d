"""A delivered file without some of its rows; what stays, stays as it was delivered.

A CSV or JSON record keeps its exact text, Parquet its schema, row groups and packing. Equal input gives equal bytes.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError
from everfit.validation.formats import Part, parquet, reading, text_bytes

if TYPE_CHECKING:
    import numpy as np

    Mask = np.ndarray[Any, Any]

_FIELD = rb'(?:"[^"]*(?:""[^"]*)*"[^,\r\n]*|[^",\r\n][^,\r\n]*)?'
_END = rb"(?:\r\n|\n|\r|\Z)"
_RECORD = re.compile(rb'[^"\r\n]*' + _END + b"|" + _FIELD + b"(?:," + _FIELD + b")*" + _END)


def write_without(part: Part, bad: Mask, path: Path) -> Path:
    """Write the part to `path` without its `bad` rows, by their places in the file.

    Errors: `DataError` for a text file that has another number of records than rows were read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if part.ending == ".parquet":
        _write_parquet(part, ~bad, path)
        return path
    header, found = records(part)
    if len(found) != len(bad):
        raise DataError(
            f"{part.name}: {len(bad)} rows were read, but {len(found)} records found when taking bad ones out; check "
            "its quotation marks"
        )
    text = header + b"".join(record for record, out in zip(found, bad.tolist(), strict=True) if not out)
    path.write_bytes(gzip.compress(text, mtime=0) if part.ending.endswith(".gz") else text)
    return path


def records(part: Part) -> tuple[bytes, list[bytes]]:
    """The header of a CSV file (none of JSON lines), and the text of each record with its line end.

    A line end within a quoted field belongs to its record; empty lines are no records. Errors: `DataError` if the file
    is torn.
    """
    with reading(part):
        text = text_bytes(part)
        if part.ending == ".jsonl":
            return b"", [line for line in text.splitlines(keepends=True) if line.strip()]
        found = [record for record in _split(text) if record.strip(b"\r\n")]
        if not found:
            raise ValueError("it has no header")
        return found[0], found[1:]


def _split(text: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(text):
        found = _RECORD.match(text, place)
        if found is None:
            raise ValueError("a quote is opened and never closed")
        yield found[0]
        place = found.end()


def _write_parquet(part: Part, kept: Mask, path: Path) -> None:
    """One row group at a time, packed as before."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    with parquet(part) as file:
        groups = file.metadata.num_row_groups
        packed = file.metadata.row_group(0).column(0).compression if groups and file.metadata.num_columns else "SNAPPY"
        with ParquetWriter(path, file.schema_arrow, compression=packed.replace("UNCOMPRESSED", "NONE")) as writer:
            start = 0
            for number in range(groups):
                group = file.read_row_group(number)
                rest = group.filter(pyarrow.array(kept[start : start + group.num_rows]))
                start += group.num_rows
                if rest.num_rows:
                    writer.write_table(rest, row_group_size=rest.num_rows)
