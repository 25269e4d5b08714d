"""Reading delivered files whole, as a frame; whatever a batch is made of is read here or in `stream`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.validation.formats import Part, parquet, read_text
from everfit.validation.stream import part_batches, schema

if TYPE_CHECKING:
    import pyarrow
    from pandas import DataFrame


def read_table(path: Path, name: str | None = None) -> DataFrame:
    """Read a `.parquet`, `.csv`, `.csv.gz` or `.jsonl` file; whatever reads a batch reads it here.

    `name` is what the file was called when it was delivered, if `path` is a copy under another name. In a CSV file an
    empty field and `NA` are missing values, and every line has as many fields as the header. A column without any value
    is read as float. Errors: `DataError` for a file that cannot be read whole, `SpecError` for another kind of file.
    """
    part = Part(name or path.name, path)
    if part.ending != ".parquet":
        return frame_of(read_text(part))
    with parquet(part) as file:
        return frame_of(file.read())


def read_parts(parts: Sequence[Part], columns: Sequence[str] | None = None) -> DataFrame:
    """A table that came in several files as one frame: equal to `read_table` if there is one file.

    Of `columns`, if they are given, those that there are. Errors: those of `stream`.
    """
    import pyarrow

    known = schema(parts)
    names = known.names if columns is None else [name for name in columns if name in known.names]
    wanted = pyarrow.schema([known.field(name) for name in names])
    found = [batch for part in parts for batch in part_batches(part, known, names)]
    return frame_of(pyarrow.Table.from_batches(found, wanted))


def frame_of(table: pyarrow.Table) -> DataFrame:
    """An Arrow table as the frame that feature code and GX see."""
    import pyarrow

    for place, field in enumerate(table.schema):
        if pyarrow.types.is_null(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pyarrow.float64()))
    frame: DataFrame = table.to_pandas(date_as_object=False, ignore_metadata=True)
    return frame
