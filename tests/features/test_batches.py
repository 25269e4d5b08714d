"""From Arrow, in pieces, come the same columns and the same matrix as from the frame as a whole, to the bit."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from everfit.errors import DataError, SpecError
from everfit.features import Columns, encode_batch, learn_columns

floats = st.one_of(st.none(), st.floats(-1e30, 1e30), st.just(float("nan")))
whole = st.integers(-(2**53), 2**53)
texts = st.one_of(st.none(), st.text(max_size=3))


CELLS: list[tuple[Any, Any]] = [
    (floats, "float64"),
    (st.one_of(st.none(), st.floats(width=32, allow_nan=False, allow_infinity=False)), "float32"),
    (whole, "int64"),
    (st.integers(0, 255), "uint8"),
    (st.booleans(), "bool"),
    (st.one_of(st.none(), st.booleans()), "boolean"),
    (st.one_of(st.none(), whole), "Int64"),
    (floats, "Float64"),
    (texts, "object"),
    (texts, "str"),
    (texts, "category"),
    (st.one_of(st.none(), st.integers(0, 5)), "category"),
    (st.one_of(st.none(), st.decimals(-99, 99, places=2)), "object"),
    (st.one_of(st.none(), st.booleans()), "object"),
    (st.none(), "object"),
]


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    rows = draw(st.integers(1, 25))
    made = {}
    for number, (cell, dtype) in enumerate(draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=6))):
        values = draw(st.lists(cell, min_size=rows, max_size=rows))
        made[f"c{number}"] = pd.Series(pd.Series(values, dtype="object"), dtype=dtype)
    return pd.DataFrame(made)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames(), size=st.integers(1, 9), learnt=st.integers(1, 25))
def test_it_is_as_if_pandas_had_read_it_all(frame: pd.DataFrame, size: int, learnt: int, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    frame.to_parquet(path, index=False)
    whole = pd.read_parquet(path)
    wanted = Columns.learn(whole.head(learnt))
    texts = [field.name for field in parquet.read_schema(path) if field.type in (pa.string(), pa.large_string())]
    for by_value in ([], texts):
        file = parquet.ParquetFile(path, read_dictionary=by_value)
        read = list(file.iter_batches(size))
        first = pa.Table.from_batches(read).slice(0, learnt).to_batches()
        found = learn_columns(
            parquet.read_schema(path), list(frame.columns), lambda names, first=first: (b.select(names) for b in first)
        )
        assert found == wanted
        matrices = [np.empty((len(batch), len(wanted.columns)), np.float32) for batch in read]
        for batch, matrix in zip(read, matrices, strict=True):
            encode_batch(wanted, batch, into=matrix)
        joined = np.concatenate(matrices)
        expected = wanted.encode(whole)
        assert _one_nan(joined).tobytes() == _one_nan(expected).tobytes()


def _one_nan(matrix: Any) -> Any:
    """NaN has many bit patterns."""
    matrix[np.isnan(matrix)] = np.nan
    return matrix


def test_a_value_that_is_infinite_is_refused_by_name() -> None:
    columns = Columns.learn(pd.DataFrame({"a": [1.0], "ratio": [1.0]}))
    batch = pa.RecordBatch.from_pandas(pd.DataFrame({"a": [1.0, 2.0], "ratio": [2.0, 1e39]}))
    with pytest.raises(DataError, match="feature 'ratio' is infinite in 1 of 2 rows, first in row 1"):
        encode_batch(columns, batch, into=np.empty((2, 2), np.float32))


def test_what_is_neither_number_nor_text_is_refused_as_ever() -> None:
    frame = pd.DataFrame({"when": pd.to_datetime(["2013-01-01"]), "exact": [Decimal(1)]})
    batch = pa.RecordBatch.from_pandas(frame)
    with pytest.raises(SpecError, match="of type datetime64"):
        learn_columns(batch.schema, ["exact", "when"], lambda names: iter([batch.select(names)]))
    with pytest.raises(SpecError, match="no column in it"):
        learn_columns(batch.schema, [], lambda names: iter([batch.select(names)]))
