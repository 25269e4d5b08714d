"""The rows that a model learns from, piece by piece, are those of the feature table."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from everfit.errors import Corrupted
from everfit.features import Columns, Inputs, each_kind
from everfit.models import Rows
from everfit.steps import feature_rows, feature_table
from everfit.steps.feature_rows import FeatureRows, learn_from
from everfit.steps.feature_table import BATCH, LABEL, TIME, FeatureTable, TableFile

SIZES = {"2013-01": 2500, "2013-02": 1100, "2013-03": 1}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> FeatureTable:
    """Three batches, read 1024 rows at a time."""
    monkeypatch.setattr(feature_table, "PIECE_CELLS", 1)
    random, rows = np.random.default_rng(1), sum(SIZES.values())
    frame = pd.DataFrame({"x": random.normal(size=rows), "n": random.integers(0, 9, rows)})
    frame["word"] = random.choice(["a", "b", None], rows)
    frame["kind"] = pd.Categorical(random.choice(["u", "v", "w"], rows), categories=["w", "never", "u", "v"])
    frame.loc[random.random(rows) < 0.1, "x"] = np.nan
    frame[LABEL], frame[TIME] = random.random(rows), pd.Timestamp("2013-01-01", tz="UTC")
    frame[BATCH] = np.repeat(list(SIZES), list(SIZES.values()))
    inputs = Inputs.learn(frame[["n"]], ["n"])
    return FeatureTable(frame, inputs, frame[["n"]].head(2))


@pytest.fixture
def file(table: FeatureTable, tmp_path: Path) -> TableFile:
    table.write(tmp_path / "table.parquet")
    return TableFile.open(tmp_path / "table.parquet")


def test_a_row_group_has_one_batch_and_few_rows(file: TableFile) -> None:
    read = parquet.ParquetFile(file.path)
    assert [read.metadata.row_group(n).num_rows for n in range(read.num_row_groups)] == [1024, 1024, 452, 1024, 76, 1]


def test_the_file_is_read_back_as_it_was(file: TableFile, table: FeatureTable) -> None:
    read = FeatureTable.read(file.path)
    pd.testing.assert_frame_equal(read.frame, table.frame)
    pd.testing.assert_frame_equal(read.example, table.inputs.read(table.example))
    assert read.inputs == file.inputs == table.inputs
    assert file.features == ("x", "n", "word", "kind")
    pd.testing.assert_frame_equal(pd.read_parquet(file.path), table.frame)


COLUMNS = {
    "whole numbers": st.lists(st.integers(-9, 9), min_size=1, max_size=4),
    "numbers": st.lists(st.floats(-1, 1) | st.none(), min_size=1, max_size=4).map(lambda v: pd.Series(v, dtype=float)),
    "truths": st.lists(st.booleans(), min_size=1, max_size=4),
    "text": st.lists(st.sampled_from("ab"), min_size=1, max_size=4),
    "text or nothing": st.lists(st.sampled_from(["a", None]), min_size=1, max_size=4).map(
        lambda v: pd.Series(v, dtype=object)
    ),
    "nothing": st.just(pd.Series([None, None], dtype=object)),
    "categories": st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(
        lambda v: pd.Series(pd.Categorical(v, categories=["b", "a"]))
    ),
    "other categories": st.just(pd.Series(pd.Categorical(["c", None]))),
}
TOGETHER = [
    ("whole numbers", "numbers"),
    ("truths",),
    ("text", "text or nothing", "nothing", "categories", "other categories"),
    ("categories",),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kinds=st.sampled_from(TOGETHER))
def test_written_batch_by_batch_it_has_the_bytes_that_it_has_written_at_once(
    data: st.DataObject, kinds: tuple[str, ...], tmp_path: Path
) -> None:
    """Whatever types a column has in the one batch and in the other."""
    batches = []
    for name in SIZES:
        made = pd.DataFrame({"x": data.draw(st.sampled_from(kinds).flatmap(COLUMNS.__getitem__))})
        batches.append(made.assign(**{LABEL: 1.0, BATCH: name}))
    whole = FeatureTable(pd.concat(batches, ignore_index=True), Inputs(()), pd.DataFrame(index=[0]))
    whole.write(tmp_path / "whole")
    some = replace(whole, frame=pd.concat([each_kind(batch) for batch in batches], ignore_index=True))
    some.write_rows(tmp_path / "pieces", [batches[0], batches[1].iloc[:0], *batches[1:]])
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("partitions", [("2013-01",), ("2013-01", "2013-03"), tuple(SIZES), ("2014-01",)])
@pytest.mark.parametrize("by_batch", [True, False])
def test_the_pieces_are_the_rows_of_the_batches(
    partitions: tuple[str, ...], by_batch: bool, table: FeatureTable, file: TableFile
) -> None:
    """Also of a table whose row groups take no notice of the batches."""
    if not by_batch:
        whole = parquet.read_table(file.path)
        parquet.write_table(whole, file.path, row_group_size=1700)
    wanted = table.of(partitions)
    of_nothing = not len(wanted.frame)  # in which no category is known
    pd.testing.assert_frame_equal(
        file.of(partitions).frame, wanted.frame, check_dtype=not of_nothing, check_categorical=not of_nothing
    )
    columns = learn_from(file, tuple(SIZES))
    assert columns == Columns.learn(table.features)
    part = FeatureRows(file, partitions, columns)
    assert part.rows == file.rows(partitions) == len(wanted.frame)
    pieces = list(part.pieces())
    assert all(piece.rows == 1024 for piece in pieces[:-1])
    if pieces:
        made = Rows.join(pieces)
        np.testing.assert_array_equal(made.matrix, columns.encode(wanted.features))
        np.testing.assert_array_equal(made.labels, wanted.frame[LABEL].to_numpy("float32"))
    else:
        assert partitions == ("2014-01",)


def test_only_what_is_asked_for_is_in_memory(file: TableFile) -> None:
    assert list(file.frame(["2013-02"], [LABEL]).columns) == [LABEL]
    assert all(batch.num_rows <= 1024 for batch in file.batches(tuple(SIZES), ["x"]))


def test_categories_are_those_of_the_batches_that_are_learnt_from(table: FeatureTable, tmp_path: Path) -> None:
    table.frame.loc[table.frame[BATCH] == "2013-03", ["word"]] = "late"
    table.write(tmp_path / "table.parquet")
    file = TableFile.open(tmp_path / "table.parquet")
    found = {column.name: column.categories for column in learn_from(file, ("2013-01", "2013-02")).columns}
    assert found["word"] == ("a", "b")
    assert found["kind"] == ("u", "v", "w")
    (piece,) = FeatureRows(file, ("2013-03",), learn_from(file, ("2013-01",))).pieces()
    assert np.isnan(piece.matrix[0, 2])


def test_a_file_of_somebody_else_is_noticed(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(Corrupted, match="is not a feature table that everfit wrote"):
        TableFile.open(tmp_path / "x.parquet")


def test_pieces_are_smaller_where_the_table_is_wide() -> None:
    sizes = [feature_rows.piece_rows(columns) for columns in (1, 27, 100, 1000, 100_000)]
    assert sizes == [65_536, 65_536, 32_768, 4096, 1024]
