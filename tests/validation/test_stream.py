"""The files of one table are one stream of rows, with the types that a file read whole has."""

import gzip
import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from pyarrow import parquet

from everfit.errors import DataError, SpecError
from everfit.validation.read import frame_of, read_parts, read_table
from everfit.validation.stream import Part, batches, rows, schema

NOISE = random.Random(1).randbytes(5_000)


def put(folder: Path, name: str, data: bytes | pa.Table) -> Part:
    path = folder / name
    path.write_bytes(data) if isinstance(data, bytes) else parquet.write_table(data, path, row_group_size=3)
    return Part(name, path)


def streamed(parts: list[Part]) -> pd.DataFrame:
    known = schema(parts)
    return frame_of(pa.Table.from_batches(list(batches(parts, known.names)), known))


@pytest.mark.parametrize("name", ["flights.parquet", "weather.parquet", "planes.csv", "airports.csv"])
def test_a_stream_is_what_read_table_reads(month: Path, name: str):
    part = Part(name, month / name)
    whole = read_table(month / name)

    assert_frame_equal(streamed([part]), whole)
    assert rows([part]) == len(whole)
    assert_frame_equal(
        read_parts([part, part], [whole.columns[1]]), pd.concat([whole.iloc[:, [1]]] * 2, ignore_index=True)
    )


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.integers(-5, 5), st.floats(width=32, allow_nan=False)), max_size=8),
    text=st.lists(st.sampled_from(["", "a", "NA", "1", "2013-01-01", "é", None]), min_size=8, max_size=8),
)
def test_every_kind_of_file_agrees_with_read_table(tmp_path_factory: pytest.TempPathFactory, values: list, text: list):
    folder = tmp_path_factory.mktemp("tables")
    frame = pd.DataFrame({"a": values, "b": text[: len(values)]})
    table = pa.table({"a": pa.array(values, pa.float64()), "b": pa.array(text[: len(values)], pa.string())})
    parts = [put(folder, "x.parquet", table), put(folder, "x.csv", frame.to_csv(index=False).encode())]
    parts.append(put(folder, "x.csv.gz", gzip.compress(frame.to_csv(index=False).encode())))
    if values:
        parts.append(put(folder, "x.jsonl", frame.to_json(orient="records", lines=True).encode()))
    for part in parts:
        assert_frame_equal(streamed([part]), read_table(part.path))


def test_only_the_columns_that_are_asked_for_come_in_the_order_asked(tmp_path: Path):
    part = put(tmp_path, "x.parquet", pa.table({"a": [1, 2], "b": ["x", "y"], "c": [0.5, 1.5]}))

    assert [batch.to_pydict() for batch in batches([part], ["c", "a"])] == [{"c": [0.5, 1.5], "a": [1, 2]}]
    with pytest.raises(DataError, match=r"x\.parquet has no column 'd'"):
        list(batches([part], ["d"]))


def test_text_comes_as_codes_if_asked(tmp_path: Path):
    part = put(tmp_path, "x.parquet", pa.table({"a": ["x", "y", "x", None]}))
    found = list(batches([part], ["a"], dictionaries=["a"]))

    assert all(pa.types.is_dictionary(batch.schema.field("a").type) for batch in found)
    assert [value for batch in found for value in batch.column(0).to_pylist()] == ["x", "y", "x", None]


def test_parts_of_text_may_look_different(tmp_path: Path):
    parts = [
        put(tmp_path, "1.csv", b"a,b\n1,\n2,\n"),
        put(tmp_path, "2.csv", b"b,a\nx,0.5\n"),
        put(tmp_path, "3.csv.gz", gzip.compress(b"a,b\nNA,NA\n")),
    ]

    assert schema(parts).types == [pa.float64(), pa.string()]
    assert [batch.to_pydict() for batch in batches(parts, ["a", "b"])] == [
        {"a": [1.0, 2.0], "b": [None, None]},
        {"a": [0.5], "b": ["x"]},
        {"a": [None], "b": [None]},
    ]
    assert rows(parts) == 4


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (pa.table({"a": [0.5], "b": ["x"]}), r"2\.parquet: column 'a' is double, but int64 in 1\.parquet"),
        (pa.table({"a": [1]}), r"2\.parquet has no column 'b', which another file of the same table has"),
        (pa.table({"a": [1], "b": ["x"], "c": [1]}), r"1\.parquet has no column 'c', which another file"),
    ],
)
def test_parts_that_do_not_agree_are_refused(tmp_path: Path, other: pa.Table, message: str):
    parts = [put(tmp_path, "1.parquet", pa.table({"a": [1], "b": ["x"]})), put(tmp_path, "2.parquet", other)]

    with pytest.raises(DataError, match=message):
        schema(parts)


def test_whole_numbers_too_large_for_a_fraction_are_refused(tmp_path: Path):
    parts = [put(tmp_path, "1.csv", b"a\n9007199254740993\n"), put(tmp_path, "2.csv", b"a\n0.5\n")]

    with pytest.raises(DataError, match=r"1\.csv cannot be read: Integer value 9007199254740993 not in range"):
        list(batches(parts, ["a"]))


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.csv.gz", "x.jsonl"])
@pytest.mark.parametrize(("data", "message"), [(NOISE, "cannot be read: "), (b"", r"is empty \(0 bytes\)")])
def test_torn_files_are_refused_by_name(tmp_path: Path, name: str, data: bytes, message: str):
    part = put(tmp_path, name, data)

    for ask in (schema, rows, lambda parts: list(batches(parts, ["a"]))):
        with pytest.raises(DataError, match=f"{name} {message}"):
            ask([part])


def test_damage_is_found_where_it_is_read(month: Path, tmp_path: Path):
    data = (month / "flights.parquet").read_bytes()
    torn = put(tmp_path, "flights.parquet", data[:1_000] + NOISE + data[6_000:])

    with pytest.raises(DataError, match=r"flights\.parquet cannot be read: "):
        list(batches([torn], schema([torn]).names))


def test_no_file_and_other_files(tmp_path: Path):
    with pytest.raises(DataError, match="no file of this table"):
        schema([])
    with pytest.raises(SpecError, match=r"cannot read 'x\.xlsx'"):
        rows([put(tmp_path, "x.xlsx", b"PK")])
