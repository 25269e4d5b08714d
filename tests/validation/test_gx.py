"""Every expectation is answered, in order and in words; what could not be evaluated has failed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from everfit.validation import gx
from everfit.validation.read import read_table
from everfit.validation.suites import Expectation, Suite, load_suite
from everfit.values import Check


def ask(frame: pd.DataFrame, *asked: Expectation) -> list[Check]:
    return list(gx.run(Suite(Path("t.json"), asked), "t", frame))


def ask_one(frame: pd.DataFrame, kind: str, **kwargs: object) -> Check:
    (check,) = ask(frame, Expectation(kind, kwargs))
    return check


@pytest.fixture(scope="module")
def flights(month: Path) -> pd.DataFrame:
    return read_table(month / "flights.parquet")


def failed(frame: pd.DataFrame, expectations: Path) -> dict[str, str]:
    checks = gx.run(load_suite(expectations / "flights.json"), "flights", frame)
    return {f"{c.column}: {c.wanted}": c.found for c in checks if not c.passed}


def test_the_real_month_passes_and_says_what_it_saw(flights: pd.DataFrame, expectations: Path):
    suite = load_suite(expectations / "flights.json")
    checks = gx.run(suite, "flights", flights)

    assert [c.column for c in checks] == [e.column for e in suite.expectations]
    assert [c.severity for c in checks] == [e.severity for e in suite.expectations]
    assert all(c.passed for c in checks)
    said = {(c.column, c.wanted): c for c in checks}
    assert said[None, "between 500 and 60,000 rows"].found == "2700 rows"
    assert said["origin", "one of EWR, JFK, LGA"].found == "all 2700 rows"
    missing = said["arr_delay", "a value in at least 85% of the rows"]
    assert missing.found == "63 of 2700 rows empty (2.3%)"
    assert missing.share == pytest.approx(63 / 2700)


def test_a_missing_column_fails_by_name(flights: pd.DataFrame, expectations: Path):
    assert failed(flights.drop(columns="arr_delay"), expectations) == {
        "None: the 19 columns that are agreed on": "missing arr_delay",
        "arr_delay: numbers": "no such column",
        "arr_delay: a value in at least 85% of the rows": "no such column",
        "arr_delay: between -180 and 2880": "no such column",
    }


def test_a_missing_key_column_fails_what_needs_it(flights: pd.DataFrame, expectations: Path):
    found = failed(flights.drop(columns="carrier"), expectations)

    assert found["None: no two rows with the same flight, carrier, time_hour, origin"] == "no column carrier"


def test_an_extra_column_fails(flights: pd.DataFrame, expectations: Path):
    found = failed(flights.assign(gate=1), expectations)

    assert found == {"None: the 19 columns that are agreed on": "unexpected gate"}


def test_text_among_numbers_shows_the_text(flights: pd.DataFrame, expectations: Path):
    retyped = flights["arr_delay"].astype(str).where(flights.index != 5, "many")

    assert failed(flights.assign(arr_delay=retyped), expectations) == {
        "arr_delay: numbers": "text in 1 of 2700 rows, such as 'many'",
        "arr_delay: between -180 and 2880": "text, such as 'many'",
    }


def test_numbers_written_as_text_fail(flights: pd.DataFrame, expectations: Path):
    found = failed(flights.assign(distance=flights["distance"].astype(str)), expectations)

    assert found.keys() == {"distance: between 1 and 10,000"}
    assert found["distance: between 1 and 10,000"].startswith("text, such as '")


def test_times_written_as_text_fail(flights: pd.DataFrame, expectations: Path):
    found = failed(flights.assign(time_hour=flights["time_hour"].astype(str)), expectations)

    assert found["time_hour: between 2000-01-01 and 2100-01-01"].startswith("text, such as '2013-01-01")


def test_no_rows_fail_though_most_expectations_would_pass(flights: pd.DataFrame, expectations: Path):
    assert failed(flights.iloc[:0], expectations)["None: between 500 and 60,000 rows"] == "0 rows"


def test_wrong_values_are_counted_and_shown(flights: pd.DataFrame, expectations: Path):
    first = flights.index < 3
    wrong = flights.assign(distance=flights["distance"].mask(first, -3), origin=flights["origin"].mask(first, "XYZ"))

    assert failed(wrong, expectations) == {
        "distance: between 1 and 10,000": "3 of 2700 rows outside (0.11%), such as -3",
        "origin: one of EWR, JFK, LGA": "3 of 2700 rows with another value (0.11%), such as 'XYZ'",
    }


def test_rows_that_came_twice_are_shown(flights: pd.DataFrame, expectations: Path):
    ((_, found),) = failed(pd.concat([flights, flights.head(2)]), expectations).items()

    assert found.startswith("4 of 2702 rows share them (0.15%), such as flight ")


def test_columns_without_any_value_fail(flights: pd.DataFrame, expectations: Path):
    found = failed(flights.assign(arr_delay=np.nan, carrier=None), expectations)

    assert found["arr_delay: a value in at least 85% of the rows"] == "2700 of 2700 rows empty (100%)"
    assert found["carrier: a value in every row"] == "2700 of 2700 rows empty (100%)"


def test_values_that_nothing_can_be_asked_of_fail_closed(flights: pd.DataFrame, expectations: Path):
    found = failed(flights.assign(origin=[{"a": 1}] * len(flights)), expectations)

    assert "None: no two rows with the same flight, carrier, time_hour, origin" in found
    assert "origin: one of EWR, JFK, LGA" in found


def test_an_expectation_that_ends_gxs_whole_run_fails_alone():
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    broken, whole = ask(
        frame,
        Expectation(
            "expect_column_kl_divergence_to_be_less_than", {"column": "a", "partition_object": {}, "threshold": 1}
        ),
        Expectation("expect_column_values_to_not_be_null", {"column": "a"}),
    )

    assert whole.passed
    assert not broken.passed
    assert broken.found == "that it could not be evaluated: ValueError: Invalid partition_object provided"


def test_an_expectation_that_gx_leaves_out_has_failed(monkeypatch: pytest.MonkeyPatch):
    ask_all = gx._ask
    monkeypatch.setattr(gx, "_ask", lambda batch, expectations, detail: ask_all(batch, expectations, detail)[:1])
    asked = Expectation("expect_column_values_to_not_be_null", {"column": "a"})
    checks = ask(pd.DataFrame({"a": [1, 2]}), asked, asked)

    assert sorted((check.passed, check.found) for check in checks) == [
        (False, "that it could not be evaluated: GX gave no answer"),
        (True, "all 2 rows"),
    ]


def test_the_same_expectation_twice_is_answered_twice():
    asked = Expectation("expect_column_values_to_not_be_null", {"column": "a"})
    checks = ask(pd.DataFrame({"a": [1, None]}), asked, asked)

    assert [check.passed for check in checks] == [False, False]


def test_severity_and_own_words_are_kept():
    asked = Expectation("expect_column_values_to_be_unique", {"column": "a"}, "warning", "each plane once")
    (check,) = ask(pd.DataFrame({"a": ["x", "x"]}), asked)

    assert check == Check(
        "t", "a", "each plane once", "2 of 2 rows share their value (100%), such as 'x'", False, "warning", 1.0
    )


@pytest.mark.parametrize(
    ("kind", "kwargs", "wanted", "found"),
    [
        ("expect_column_mean_to_be_between", {"column": "n", "max_value": 2}, "a mean at most 2", "2.5"),
        ("expect_column_max_to_be_between", {"column": "n", "min_value": 5}, "a maximum at least 5", "4"),
        (
            "expect_column_values_to_be_between",
            {"column": "n", "min_value": 1, "strict_min": True},
            "more than 1",
            None,
        ),
        ("expect_column_value_lengths_to_equal", {"column": "s", "value": 2}, "value lengths to equal (value=2)", None),
        ("expect_table_row_count_to_equal", {"value": 1}, "exactly 1 rows", "4 rows"),
        ("expect_column_to_exist", {"column": "zz"}, "the column is there", "no such column"),
        (
            "expect_column_distinct_values_to_contain_set",
            {"column": "s", "value_set": ["q"]},
            "q among the values",
            None,
        ),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "n", "column_B": "m"},
            "n above m",
            "no column m",
        ),
    ],
)
def test_other_expectations_in_words(kind: str, kwargs: dict, wanted: str, found: str | None):
    check = ask_one(pd.DataFrame({"n": [1, 2, 3, 4], "s": list("abcd")}), kind, **kwargs)

    assert not check.passed
    assert check.wanted == wanted
    assert found in (None, check.found)
