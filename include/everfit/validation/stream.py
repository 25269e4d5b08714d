"""The files of one table as one stream of rows: Parquet by row groups, CSV and JSON lines one whole file at a time.

The parts count as one table, in the order given, with the types that `read_table` gives. Only the columns that are
asked for are read; damage in another column of a Parquet file is not seen here. Errors, of every function: `DataError`
for a file that cannot be read whole and for parts that do not agree, `SpecError` for another kind of file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from everfit.errors import DataError, did_you_mean
from everfit.validation.formats import Part, file_schema, parquet, read_text, reading

if TYPE_CHECKING:
    import pyarrow

__all__ = ["Part", "batches", "rows", "schema"]

_ROWS = 1 << 17
_BYTES_OF_CODES = 3


def schema(parts: Sequence[Part]) -> pyarrow.Schema:
    """The columns that all parts share, in the order of the first one; a column without any value is one of floats.

    Parts of text may differ in what their values happen to look like: a column without values in one of them, or whole
    numbers here and fractions there, take the wider type. Any other difference is a `DataError` that names part and
    column.
    """
    import pyarrow

    if not parts:
        raise DataError("there is no file of this table to read")
    agreed = file_schema(parts[0])
    for part in parts[1:]:
        agreed = _agree(agreed, parts[0], file_schema(part), part)
    filled = [
        field.with_type(pyarrow.float64()) if pyarrow.types.is_null(field.type) else field.with_nullable(True)
        for field in agreed
    ]
    return pyarrow.schema(filled)


def batches(
    parts: Sequence[Part], columns: Sequence[str], dictionaries: Sequence[str] = ()
) -> Iterator[pyarrow.RecordBatch]:
    """The rows of all parts in order, `columns` only; the text columns in `dictionaries` come as codes from Parquet.

    The memory in use does not grow with the rows of a Parquet file. Errors: `DataError` for a column that is not there.
    """
    known = schema(parts)
    if missing := [name for name in columns if name not in known.names]:
        raise DataError(f"{parts[0].name} has no column {missing[0]!r}{did_you_mean(missing[0], known.names)}")
    for part in parts:
        yield from part_batches(part, known, columns, dictionaries)


def part_batches(
    part: Part, known: pyarrow.Schema, columns: Sequence[str], dictionaries: Sequence[str] = ()
) -> Iterator[pyarrow.RecordBatch]:
    """The rows of one part of a table whose schema is known already."""
    import pyarrow

    wanted = pyarrow.schema([known.field(name) for name in columns])
    for batch in _of_part(part, columns, dictionaries):
        with reading(part):
            yield _typed(batch, wanted)


def ahead(found: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
    """The same batches, while the next one is already being read by another thread."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, found, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, found, None)
            yield batch


def repetitive(part: Part, columns: Sequence[str]) -> tuple[str, ...]:
    """The text columns of a Parquet file that are written as codes, and so are cheapest to read as codes."""
    if part.ending != ".parquet":
        return ()
    with parquet(part) as file:
        text = {name for name in columns if str(file.schema_arrow.field(name).type) in ("string", "large_string")}
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    for chunk in chunks:
        if not chunk.has_dictionary_page or chunk.total_uncompressed_size > _BYTES_OF_CODES * chunk.num_values:
            text.discard(chunk.path_in_schema)
    return tuple(name for name in columns if name in text)


def rows(parts: Sequence[Part]) -> int:
    """How many rows there are; for Parquet as the file says, without reading any."""
    return sum(_rows(part) for part in parts)


def _of_part(part: Part, columns: Sequence[str], dictionaries: Sequence[str]) -> Iterator[pyarrow.RecordBatch]:
    if part.ending != ".parquet":
        yield from read_text(part, columns).select(list(columns)).to_batches(max_chunksize=_ROWS)
        return
    with parquet(part, dictionaries) as file:
        for batch in file.iter_batches(batch_size=_ROWS, columns=list(columns)):
            yield batch.select(list(columns))


def _rows(part: Part) -> int:
    if part.ending != ".parquet":
        return int(read_text(part).num_rows)
    with parquet(part) as file:
        return int(file.metadata.num_rows)


def _typed(batch: pyarrow.RecordBatch, wanted: pyarrow.Schema) -> pyarrow.RecordBatch:
    """The batch in the types of the whole table; codes of a text column stay codes."""
    import pyarrow

    columns = [
        column
        if column.type == field.type or (pyarrow.types.is_dictionary(column.type) and not _codes(field.type))
        else column.cast(field.type)
        for column, field in zip(batch.columns, wanted, strict=True)
    ]
    fields = [pyarrow.field(name, column.type) for name, column in zip(wanted.names, columns, strict=True)]
    return pyarrow.RecordBatch.from_arrays(columns, schema=pyarrow.schema(fields)) if columns else batch


def _codes(kind: pyarrow.DataType) -> bool:
    import pyarrow

    return bool(pyarrow.types.is_dictionary(kind))


def _agree(agreed: pyarrow.Schema, first: Part, other: pyarrow.Schema, part: Part) -> pyarrow.Schema:
    import pyarrow

    for names, lacking, having in ((agreed.names, other.names, part), (other.names, agreed.names, first)):
        for name in names:
            if name not in lacking:
                raise DataError(f"{having.name} has no column {name!r}, which another file of the same table has")
    text = part.ending != ".parquet" and first.ending != ".parquet"
    return pyarrow.schema([_wider(field, other.field(field.name), first, part, text) for field in agreed])


def _wider(one: pyarrow.Field, other: pyarrow.Field, first: Part, part: Part, text: bool) -> pyarrow.Field:
    from pyarrow import float64, int64, types

    if one.type == other.type or types.is_null(other.type):
        return one
    if types.is_null(one.type) or (text and {one.type, other.type} == {int64(), float64()}):
        return one.with_type(other.type if types.is_null(one.type) else float64())
    raise DataError(
        f"{part.name}: column {one.name!r} is {other.type}, but {one.type} in {first.name}; the files of one table "
        "need the same types"
    )
