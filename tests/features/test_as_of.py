"""As-of joins: nothing from after a row's time can enter, whatever the tables hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import DataError, SpecError
from everfit.features import as_of

ZERO = pd.Timestamp("2013-01-01", tz="UTC")
HOURS = st.integers(0, 12)
KEYS = st.sampled_from(["a", "b", None])


def at(hours: Any) -> Any:
    return ZERO + pd.to_timedelta(hours, unit="h")


def frame(columns: list[str], values: list[tuple[Any, ...]], *times: str) -> pd.DataFrame:
    made = pd.DataFrame(values, columns=columns)
    made["who"] = made["who"].astype("str")
    return made.assign(
        **{name: pd.Series(at(made[name].astype("int64")), dtype="datetime64[us, UTC]") for name in times}
    )


rows_of = st.lists(st.tuples(HOURS, KEYS), max_size=12)
table_of = st.lists(st.tuples(HOURS, HOURS, KEYS), max_size=14)


def expected(row: tuple[int, Any], table: list[tuple[int, int, Any]], how: dict[str, Any]) -> int | None:
    """The place of the value that a careful person would look up, one row at a time."""
    time, who = row
    best: tuple[int, int, int] | None = None
    for place, (when, came, whose) in enumerate(table):
        known = max(when, came) if how["by_column"] else when + how["delay"]
        soon_enough = known < time if how["strictly_before"] else known <= time
        if whose is not None and whose == who and soon_enough:
            best = max(best or (-1, -1, -1), (when, known, place))
    if best is None or (how["tolerance"] is not None and time - best[0] > how["tolerance"]):
        return None
    return best[2]


hows = st.fixed_dictionaries(
    {
        "by_column": st.booleans(),
        "delay": st.integers(0, 4),
        "strictly_before": st.booleans(),
        "tolerance": st.none() | st.integers(0, 6),
    }
)


def join(rows: list[tuple[Any, ...]], table: list[tuple[Any, ...]], how: dict[str, Any]) -> pd.DataFrame:
    given = frame(["time", "who"], rows, "time")
    values = frame(["when", "came", "who"], table, "when", "came").assign(value=range(len(table)))
    if not how["by_column"]:
        values = values.drop(columns="came")
    return as_of(
        given,
        values,
        time="time",
        table_time="when",
        by="who",
        available="came" if how["by_column"] else timedelta(hours=how["delay"]),
        tolerance=None if how["tolerance"] is None else timedelta(hours=how["tolerance"]),
        strictly_before=how["strictly_before"],
    )


@settings(max_examples=250, deadline=None)
@given(rows_of, table_of, hows)
def test_it_is_what_looking_it_up_row_by_row_gives(rows: list[Any], table: list[Any], how: dict[str, Any]) -> None:
    found = join(rows, table, how)["value"]
    wanted = [expected(row, table, how) for row in rows]
    assert [None if np.isnan(value) else int(value) for value in found] == wanted


@settings(max_examples=150, deadline=None)
@given(rows_of, table_of, hows, st.data())
def test_no_value_from_after_can_enter(rows: list[Any], table: list[Any], how: dict[str, Any], data: Any) -> None:
    """Whatever becomes of everything that came after a row's time, the row has what it had: also if it is cut off."""
    if not rows:
        return
    place = data.draw(st.integers(0, len(rows) - 1))
    time = rows[place][0]
    known = [one for one in table if (max(one[:2]) if how["by_column"] else one[0] + how["delay"]) <= time]
    later = [
        (data.draw(st.integers(time + 1, time + 9)), data.draw(st.integers(time + 1, time + 9)), data.draw(KEYS))
        for _ in range(data.draw(st.integers(0, 5)))
    ]
    before = join(rows, known, how)["value"].iloc[place]
    after = join(rows, [*known, *later], how)["value"].iloc[place]
    assert before == after or (np.isnan(before) and np.isnan(after))


def test_a_value_that_came_in_late_is_not_known_before() -> None:
    """So that the law above can fail: without `available` the late value would be taken."""
    how = {"by_column": True, "delay": 0, "strictly_before": False, "tolerance": None}
    late = [(1, 1, "a"), (2, 9, "a")]
    assert join([(5, "a"), (9, "a")], late, how)["value"].tolist() == [0, 1]
    assert join([(5, "a")], late, how | {"by_column": False})["value"].tolist() == [1]


def test_a_correction_of_an_old_value_does_not_hide_a_newer_one() -> None:
    how = {"by_column": True, "delay": 0, "strictly_before": False, "tolerance": None}
    versions = [(1, 1, "a"), (4, 4, "a"), (1, 6, "a"), (4, 7, "a")]
    assert join([(3, "a"), (6, "a"), (7, "a")], versions, how)["value"].tolist() == [0, 1, 3]


@pytest.fixture
def sold() -> pd.DataFrame:
    return pd.DataFrame({"at": at([5, 1, 3]), "item": ["tea", "rum", "tea"]}, index=[7, 3, 9])


@pytest.fixture
def prices() -> pd.DataFrame:
    return pd.DataFrame({"at": at([2, 4]), "item": ["tea", "tea"], "price": [3, 4], "sale": [True, False]})


def test_rows_their_order_index_and_types_stay(sold: pd.DataFrame, prices: pd.DataFrame) -> None:
    found = as_of(sold, prices, time="at", by=["item"])
    pd.testing.assert_frame_equal(found[["at", "item"]], sold)
    assert found["price"].fillna(0).tolist() == [4, 0, 3]


def test_types_do_not_depend_on_whether_something_is_missing(sold: pd.DataFrame, prices: pd.DataFrame) -> None:
    prices = prices.assign(name=["a", "b"], seen=prices["at"], kind=pd.Categorical(["x", "y"]))
    joins = [as_of(part, prices, time="at", by="item") for part in (sold, sold.iloc[:1], sold.iloc[1:2], sold.iloc[:0])]
    joins.append(as_of(sold, prices.iloc[:0], time="at", by="item"))
    assert len({tuple(map(str, found.dtypes)) for found in joins}) == 1
    assert {str(joins[0][name].dtype) for name in ("price", "sale")} == {"float64", "boolean"}
    assert joins[-1].drop(columns=["at", "item"]).isna().all(axis=None)


def test_without_keys_the_table_is_one_series(sold: pd.DataFrame, prices: pd.DataFrame) -> None:
    found = as_of(sold.drop(columns="item"), prices[["at", "price"]], time="at")
    assert found["price"].fillna(0).tolist() == [4, 0, 3]


def test_keys_may_be_categories_on_one_side_and_numbers_of_two_kinds(sold: pd.DataFrame, prices: pd.DataFrame) -> None:
    found = as_of(sold.astype({"item": "category"}), prices, time="at", by="item")
    assert found["price"].fillna(0).tolist() == [4, 0, 3]
    numbered = prices.assign(item=[1.0, 1.0])
    assert as_of(sold.assign(item=[1, 2, 1]), numbered, time="at", by="item")["price"].fillna(0).tolist() == [4, 0, 3]


def test_two_clocks_are_compared_without_rounding() -> None:
    rows = pd.DataFrame({"at": pd.to_datetime(["2013-01-01T00:00:00"]).as_unit("s")})
    table = pd.DataFrame({"at": pd.to_datetime(["2013-01-01T00:00:00.000000001"]).as_unit("ns"), "value": [1.0]})
    assert as_of(rows, table, time="at")["value"].isna().all()


@pytest.mark.parametrize(
    ("change", "how", "kind", "said"),
    [
        (
            {"at": ["soon", "later"]},
            {},
            SpecError,
            "'at' of the table holds .*, wanted times: make them",
        ),
        ({"at": [ZERO, pd.NaT]}, {}, DataError, "'at' of the table is missing in 1 of 2 rows, first in row 1"),
        ({"at": at([1, 2]).tz_localize(None)}, {}, SpecError, "some times have a time zone and some have none"),
        ({"item": [1, 2]}, {}, SpecError, "'item' is str in the rows and int64 in the table, so no two would ever be"),
        ({}, {"by": "itm"}, SpecError, r"the rows have no column 'itm'; did you mean 'item'\?"),
        ({}, {"table_time": "when"}, SpecError, "the table has no column 'when'"),
        ({}, {"available": "came"}, SpecError, "the table has no column 'came'"),
        ({}, {"available": timedelta(hours=-1)}, SpecError, "a value cannot be known before its time"),
        ({}, {"by": ()}, SpecError, "both rows and table have a column 'item'"),
    ],
)
def test_what_cannot_be_joined_is_said(
    sold: pd.DataFrame, prices: pd.DataFrame, change: Any, how: Any, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        as_of(sold, prices.assign(**change), **({"time": "at", "by": "item"} | how))


def test_a_row_without_a_time_is_refused(sold: pd.DataFrame, prices: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'at' of the rows is missing in 1 of 3 rows, first in row 2"):
        as_of(sold.assign(at=[ZERO, ZERO, pd.NaT]), prices, time="at", by="item")
