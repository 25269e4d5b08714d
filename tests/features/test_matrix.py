"""The matrix that a model is trained on is the matrix that it is asked with."""

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import DataError, SpecError
from everfit.features import Column, Columns
from everfit.values import dump, load


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "part": [0.5, np.nan, 1e-3],
            "yes": [True, False, True],
            "maybe": pd.array([True, None, False], dtype="boolean"),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "text": ["b", "a", None],
            "old_text": pd.Series(["b", None, "c"], dtype=object),
            "kind": pd.Categorical(["z", "y", None], categories=["z", "never", "y"]),
            "exact": pd.Series([Decimal("1.5"), None, Decimal(2)], dtype=object),
            "nothing": pd.Series([None, None, None], dtype=object),
        }
    )


def test_what_is_a_quantity_and_what_a_category(table: pd.DataFrame) -> None:
    columns = Columns.learn(table)
    assert dict(zip(columns.names, columns.kinds, strict=True)) == {
        **dict.fromkeys(["whole", "part", "yes", "maybe", "count", "exact"], "q"),
        **dict.fromkeys(["text", "old_text", "kind", "nothing"], "c"),
    }
    assert {c.name: c.categories for c in columns.columns if c.kind == "c"} == {
        "text": ("a", "b"),
        "old_text": ("b", "c"),
        "kind": ("y", "z"),
        "nothing": (),
    }


def test_the_matrix_holds_what_the_table_holds(table: pd.DataFrame) -> None:
    matrix = Columns.learn(table).encode(table)
    nan = np.nan
    wanted = [
        [1, 0.5, 1, 1, 1, 1, 0, 1, 1.5, nan],
        [2, nan, 0, nan, nan, 0, nan, 0, nan, nan],
        [3, 1e-3, 1, 0, 3, nan, 1, nan, 2, nan],
    ]
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.array(wanted, np.float32))


def test_a_category_that_training_never_saw_is_missing() -> None:
    columns = Columns((Column("carrier", "c", ("AA", "UA")),))
    for values in (
        ["UA", "ZZ"],
        pd.Categorical(["UA", "ZZ"], categories=["ZZ", "UA"]),
        pd.Series(["UA", 3], dtype=object),
    ):
        matrix = columns.encode(pd.DataFrame({"carrier": values}))
        np.testing.assert_array_equal(matrix, [[1.0], [np.nan]])


@pytest.mark.parametrize("later", ["text", 3, None])
def test_a_column_that_was_empty_in_training_stays_so(later: object) -> None:
    columns = Columns.learn(pd.DataFrame({"x": pd.Series([None, None], dtype=object)}))
    assert np.isnan(columns.encode(pd.DataFrame({"x": pd.Series([later], dtype=object)}))).all()


def test_the_order_of_the_columns_is_that_of_training(table: pd.DataFrame) -> None:
    columns = Columns.learn(table)
    np.testing.assert_array_equal(columns.encode(table[table.columns[::-1]]), columns.encode(table))


def test_columns_survive_json(table: pd.DataFrame) -> None:
    columns = Columns.learn(table)
    assert load(Columns, json.loads(json.dumps(dump(columns)))) == columns


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 1e39])
def test_an_infinite_value_is_refused_by_name_and_row(bad: float) -> None:
    columns = Columns((Column("ratio", "q"),))
    with pytest.raises(DataError, match="feature 'ratio' is infinite in 1 of 3 rows, first in row 1"):
        columns.encode(pd.DataFrame({"ratio": [1.0, bad, np.nan]}))


def test_text_in_a_quantity_is_refused() -> None:
    with pytest.raises(DataError, match="feature 'hour' must be a number"):
        Columns((Column("hour", "q"),)).encode(pd.DataFrame({"hour": ["six"]}))


def test_columns_that_came_or_went_since_training_are_refused(table: pd.DataFrame) -> None:
    columns = Columns.learn(table)
    with pytest.raises(SpecError, match="made no column 'whole', as it did in training"):
        columns.encode(table.drop(columns="whole"))
    with pytest.raises(SpecError, match="made a column 'new' that was not there in training"):
        columns.encode(table.assign(new=1))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pd.to_datetime(["2013-01-01"]), "of type datetime64"),
        ([["a", "list"]], "of mixed things"),
        ([1 + 2j], "of type complex128"),
    ],
)
def test_what_is_neither_number_nor_text_is_refused(values: object, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Columns.learn(pd.DataFrame({"odd": values}))


def test_no_columns_at_all_are_refused() -> None:
    with pytest.raises(SpecError, match="no column in it"):
        Columns.learn(pd.DataFrame(index=[0, 1]))


texts = st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=20)


@settings(max_examples=100, deadline=None)
@given(texts, texts, st.sampled_from(["object", "str", "category"]))
def test_codes_name_their_category_whatever_the_column_is_made_of(seen: list[str], asked: list[str], kind: str) -> None:
    columns = Columns.learn(pd.DataFrame({"x": pd.Series(seen, dtype="object")}))
    codes = columns.encode(pd.DataFrame({"x": pd.Series(asked, dtype="object").astype(kind)}))[:, 0]
    (column,) = columns.columns
    for value, code in zip(asked, codes, strict=True):
        if value is None or value not in seen:
            assert np.isnan(code)
        else:
            assert column.categories[int(code)] == value
