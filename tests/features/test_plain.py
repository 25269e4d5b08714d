"""Rows of JSON without pandas: what is taken means what pandas makes of it, and what pandas refuses is never taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.errors import EverfitError
from everfit.features import Column, Columns, Input, Inputs
from everfit.features.plain import Plain, Unsure, reader

INPUTS = Inputs((Input("number", "number"), Input("text", "text"), Input("truth", "truth"), Input("more", "number")))
COLUMNS = Columns(
    (Column("number", "q"), Column("text", "c", ("", "AA", "ä", "null")), Column("truth", "q"), Column("more", "q"))
)
TIMES = Inputs((Input("at", "time"),))
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "AA", "ä", "null", "ZZ", "2013-01-01"]),
    st.lists(st.integers(), max_size=1),
)
PLAIN_ROW = st.fixed_dictionaries(
    {
        "number": st.none() | st.integers(-(10**6), 10**6) | st.floats(width=32, allow_nan=False, allow_infinity=False),
        "text": st.sampled_from([None, "", "AA", "ä", "ZZ"]),
        "truth": st.none() | st.booleans(),
        "more": st.none() | st.floats(-1e30, 1e30),
    }
)


def through_pandas(rows: list[dict[str, Any]]) -> np.ndarray:
    return COLUMNS.encode(INPUTS.read(pd.DataFrame({name: [row[name] for row in rows] for name in INPUTS.names})))


@given(st.lists(PLAIN_ROW, min_size=1, max_size=4))
def test_plain_rows_are_read_as_pandas_reads_them(rows: list[dict[str, Any]]) -> None:
    np.testing.assert_array_equal(reader(INPUTS, COLUMNS, None)(rows), through_pandas(rows))


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(INPUTS.names, ANYTHING)), min_size=1, max_size=3))
def test_any_row_is_read_as_pandas_reads_it_or_left_to_pandas(rows: list[dict[str, Any]]) -> None:
    try:
        taken = reader(INPUTS, COLUMNS, None)(rows)
    except Unsure:
        return
    np.testing.assert_array_equal(taken, through_pandas(rows))


@given(st.lists(PLAIN_ROW, min_size=1, max_size=3), st.permutations(range(4)))
def test_columns_may_come_in_another_order_than_the_inputs(rows: list[dict[str, Any]], order: list[int]) -> None:
    columns = Columns(tuple(COLUMNS.columns[place] for place in order))
    np.testing.assert_array_equal(reader(INPUTS, columns, None)(rows), through_pandas(rows)[:, order])


@given(
    st.one_of(
        st.datetimes().map(lambda at: at.isoformat()),
        st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
        st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9](:[0-6][0-9])?Z?)?", fullmatch=True),
        st.sampled_from(["2013-W01-1", "20130101", "soon", "", "2013-01-01T00:00:00.1234567Z"]),
    )
)
def test_times_are_read_as_pandas_reads_them_or_left_to_pandas(text: str) -> None:
    try:
        at = Plain(TIMES).row({"at": text})["at"]
    except Unsure:
        return
    assert pd.Timestamp(at) == TIMES.read(pd.DataFrame({"at": [text]}))["at"].iloc[0]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"number": 1, "text": "AA", "truth": None},
        {"number": True, "text": "AA", "truth": None, "more": 1},
        {"number": 1e39, "text": "AA", "truth": None, "more": 1},
        {"number": 10**400, "text": "AA", "truth": None, "more": 1},
        {"number": 1, "text": 7, "truth": None, "more": 1},
        {"number": 1, "text": "AA", "truth": 1, "more": 1},
        [1, 2, 3, 4],
    ],
)
def test_what_is_not_plain_is_left_to_pandas(row: Any) -> None:
    with pytest.raises(Unsure, match="pandas has to look"):
        reader(INPUTS, COLUMNS, None)([row])


def test_infinite_features_are_left_to_pandas_which_refuses_them() -> None:
    made = {"number": float("inf"), "text": None, "truth": None, "more": 1.0}
    row = dict.fromkeys(INPUTS.names)
    with pytest.raises(Unsure):  # it says nothing: pandas will
        reader(INPUTS, COLUMNS, lambda _: made)([row])
    with pytest.raises(EverfitError, match="infinite"):
        COLUMNS.encode(pd.DataFrame([made]))


@pytest.mark.parametrize("made", [{}, {"number": 1.0}, None, dict.fromkeys((*INPUTS.names, "new"), 1.0)])
def test_row_features_with_other_columns_are_left_to_features(made: Any) -> None:
    with pytest.raises(Unsure, match="pandas has to look"):
        reader(INPUTS, COLUMNS, lambda _: made)([dict.fromkeys(INPUTS.names)])
