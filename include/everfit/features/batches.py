"""Columns learnt from, and matrices made of, Arrow record batches: the same as from the pandas frame, in pieces.

Floats, whole numbers, text and categories, which is nearly all there is, go straight from Arrow to the matrix; a text
is looked up once for each value, not once for each row. Any other type goes through pandas, one column at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from everfit.features.matrix import Column, Columns, codes, infinite_in, learn_column, quantity

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Read = Callable[[Sequence[str]], Iterator[pa.RecordBatch]]


def learn_columns(schema: pa.Schema, names: Sequence[str], read: Read) -> Columns:
    """The columns `names` of a table that `read` gives in batches: equal to `Columns.learn` of the whole as a frame.

    Memory grows with the categories, not with the rows. Errors: as `Columns.learn`.
    """
    words = [name for name in names if _is_text(schema.field(name).type)]
    seen = _categories(words, read(words)) if words else {}
    plain = _plain(schema)
    learnt = []
    for name in names:
        if name in seen:
            learnt.append(Column(name, "c", tuple(sorted(seen[name]))))
        elif name in plain:
            learnt.append(Column(name, "q"))
        else:
            learnt.append(learn_column(name, _to_pandas(read([name]), schema, name)))
    return Columns.of(learnt)


def encode_batch(columns: Columns, batch: pa.RecordBatch, into: NDArray[np.float32]) -> None:
    """Fill `into`, a row for each of the batch, just as `Columns.encode` does with the batch as a frame.

    Errors: `DataError` for an infinite value or for text in a quantity.
    """
    import numpy as np

    plain = _plain(batch.schema)
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, which is reported just below
        for place, column in enumerate(columns.columns):
            values = batch.column(column.name)
            if column.kind == "c" and _is_text(values.type):
                into[:, place] = _codes(column, values)
            elif column.kind == "q" and column.name in plain:
                into[:, place] = values.to_numpy(zero_copy_only=False)
            else:
                series = _to_pandas([batch.select([column.name])], batch.schema, column.name)
                into[:, place] = quantity(column.name, series) if column.kind == "q" else codes(column, series)
    if np.isinf(into).any():
        for place, column in enumerate(columns.columns):
            infinite_in(column.name, into[:, place])


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(schema: pa.Schema) -> frozenset[str]:
    """The columns that are numbers in pandas too and that numpy takes as they are, so not those of nullable types."""
    import pyarrow as pa

    told = json.loads((schema.metadata or {}).get(b"pandas", b'{"columns": []}'))["columns"]
    numpy_types = {column["field_name"]: column["numpy_type"] for column in told}
    return frozenset(
        field.name
        for field in schema
        if (pa.types.is_floating(field.type) and numpy_types.get(field.name, "float64").startswith("float"))
        or (pa.types.is_integer(field.type) and numpy_types.get(field.name, "int64").startswith(("int", "uint")))
        or (pa.types.is_boolean(field.type) and numpy_types.get(field.name) == "bool")
    )


def _categories(names: Sequence[str], batches: Iterable[pa.RecordBatch]) -> dict[str, set[str]]:
    """The values of text columns that are in a row at least once."""
    import numpy as np

    found: dict[str, set[str]] = {name: set() for name in names}
    for batch in batches:
        for name in names:
            dictionary, places = _dictionary(batch.column(name))
            found[name].update(dictionary[place] for place in np.unique(places) if place >= 0)
    return found


def _codes(column: Column, values: Any) -> NDArray[np.float32]:
    import numpy as np

    known = {category: place for place, category in enumerate(column.categories)}
    dictionary, places = _dictionary(values)
    table = np.array([*(known.get(value, np.nan) for value in dictionary), np.nan], dtype=np.float32)
    return table[places]  # the last one for -1: missing


def _dictionary(values: Any) -> tuple[list[str], NDArray[np.int64]]:
    """The values as text, and for each row the place of its own, -1 if it is missing."""
    import pyarrow as pa

    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    texts = [str(value) for value in coded.dictionary.to_pandas()]
    missing = coded.dictionary.is_null().to_pylist() if coded.dictionary.null_count else []
    places = coded.indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)
    if any(missing):
        import numpy as np

        places = np.where(np.isin(places, [place for place, gone in enumerate(missing) if gone]), -1, places)
    return texts, places


def _to_pandas(batches: Iterable[pa.RecordBatch], schema: pa.Schema, name: str) -> Any:
    import pyarrow as pa

    of_one = pa.schema([schema.field(name)], metadata=schema.metadata)
    columns = [batch.column(name) for batch in batches]
    return pa.Table.from_arrays([pa.chunked_array(columns, of_one.field(0).type)], schema=of_one).to_pandas()[name]
