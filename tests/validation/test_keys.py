"""Repeated keys and values are found whatever their number, and a shared hash is never taken for a shared value."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from everfit.validation.ask import ask
from everfit.validation.formats import Part
from everfit.validation.onepass import hashing, unique
from everfit.validation.onepass.column import Column
from everfit.validation.onepass.keys import Keys
from everfit.validation.suites import Expectation, Suite

NUMBERS = st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=30), max_size=12)


def filled(batches: list[list[int]], in_memory: int) -> Keys:
    heap = Keys(in_memory)
    for batch in batches:
        heap.add(np.array(batch, np.uint64))
    return heap


@given(NUMBERS, st.sampled_from([1, 7, 40, 10_000]))
def test_what_is_repeated_is_found_in_memory_and_on_disk(batches: list[list[int]], in_memory: int):
    every = [key for batch in batches for key in batch]
    heap = filled(batches, in_memory)

    assert heap.repeated().tolist() == sorted({key for key in every if every.count(key) > 1})
    heap.close()
    assert filled(batches, in_memory).distinct() == len(set(every))


def test_memory_holds_no_more_than_it_may():
    heap = Keys(in_memory=100_000)
    for number in range(40):
        heap.add(np.arange(number * 50_000, (number + 1) * 50_000, dtype=np.uint64))

    assert max(len(piece) for piece in heap._pieces()) < 200_000
    assert len(heap.repeated()) == 0


@given(st.lists(st.text(max_size=20) | st.sampled_from(["", "a" * 8, "a" * 9, "a" * 16, "a\0", "a"]), max_size=20))
def test_equal_text_has_equal_hashes_and_other_text_others(words: list[str]):
    once = hashing.text_hashes(pa.array(words, pa.string()))
    sliced = hashing.text_hashes(pa.array(["x", *words], pa.large_string()).slice(1))

    assert once.tolist() == sliced.tolist()
    assert len(set(once.tolist())) == len(set(words))


def test_codes_hash_like_the_text_they_stand_for():
    plain = pa.array(["x", None, "yy", "x"])
    coded = Column(plain.dictionary_encode())

    assert hashing.row_keys([Column(plain)]).tolist() == hashing.row_keys([coded]).tolist()


@pytest.mark.parametrize("names", [["s"], ["s", "n"]])
def test_hashes_that_collide_are_settled_by_the_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
):
    monkeypatch.setattr(unique, "row_keys", lambda columns: hashing.row_keys(columns) % np.uint64(5))
    chance = np.random.default_rng(3)
    frame = pd.DataFrame({
        "s": np.where(chance.random(400) < 0.1, None, chance.integers(0, 300, 400).astype(str)),
        "n": np.where(chance.random(400) < 0.1, None, chance.integers(0, 2, 400)),
    })  # fmt: skip
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.Table.from_pandas(frame.astype({"n": "Int64"})), path, row_group_size=50)
    kind = "expect_compound_columns_to_be_unique" if len(names) > 1 else "expect_column_values_to_be_unique"
    given = {"column_list": names} if len(names) > 1 else {"column": "s"}
    suite = Suite(Path("t.json"), (Expectation(kind, given, "quarantine"),))

    answer = ask(suite, "t", [Part(path.name, path)])

    looked_at = frame[names].dropna(how="all")
    broken = looked_at[looked_at.duplicated(keep=False)].index
    assert answer.results[0]["result"]["unexpected_count"] == len(broken) > 0
    (bad,) = answer.bad
    assert bad.rows.rows(0).tolist() == broken.tolist()


@pytest.mark.parametrize("values", [[1, 2, 3, 2], [3, 1, 2], [1, 2, 3], [1, 1, 2], [5, 6, 1, 5]])
@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.timestamp("us"), pa.date32(), pa.string()])
def test_rising_or_not_the_same_rows_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[int], kind: pa.DataType
):
    monkeypatch.setattr(unique, "Keys", lambda: Keys(in_memory=2))
    numbers = pa.array(values, pa.int32() if kind in (pa.date32(), pa.string()) else pa.int64())
    column = numbers.cast(kind)
    parts = []
    for number in range(len(column)):
        path = tmp_path / f"{number}.parquet"
        parquet.write_table(pa.table({"a": column.slice(number, 1)}), path)
        parts.append(Part(path.name, path))
    suite = Suite(Path("t.json"), (Expectation("expect_column_values_to_be_unique", {"column": "a"}, "quarantine"),))

    answer = ask(suite, "t", parts)

    repeated = [number for number, value in enumerate(values) if values.count(value) > 1]
    assert answer.results[0]["result"]["unexpected_count"] == len(repeated)
    found = [number for number in range(len(parts)) for bad in answer.bad if len(bad.rows.rows(number))]
    assert found == repeated


@pytest.mark.parametrize("kind", [pa.int8(), pa.float32(), pa.timestamp("ms", "UTC"), pa.date32(), pa.string()])
def test_gaps_are_no_values_that_repeat(tmp_path: Path, kind: pa.DataType):
    numbers = pa.array([3, None, 1, 3, None], pa.int32() if kind in (pa.date32(), pa.string()) else pa.int64())
    parquet.write_table(pa.table({"a": numbers.cast(kind)}), tmp_path / "t.parquet")
    unique_a = Expectation("expect_column_values_to_be_unique", {"column": "a"}, "quarantine")

    answer = ask(Suite(Path("t.json"), (unique_a,)), "t", [Part("t.parquet", tmp_path / "t.parquet")])

    assert answer.bad[0].rows.rows(0).tolist() == [0, 3]
