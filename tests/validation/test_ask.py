"""A plain suite is answered without Great Expectations, which is asked about the rest with the columns it needs."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from everfit.errors import DataError, SpecError
from everfit.validation import gx
from everfit.validation.ask import ask
from everfit.validation.formats import Part
from everfit.validation.onepass.arguments import KINDS, understood
from everfit.validation.suites import Expectation, Suite, load_suite

PROJECT = Path(__file__).parents[2]
UNKNOWN = Expectation("expect_column_median_to_be_between", {"column": "distance", "min_value": 1})
NOT_NULL = Expectation("expect_column_values_to_not_be_null", {"column": "origin"})

PLAIN = """
import sys
from pathlib import Path
from everfit.validation import gx
from everfit.validation.ask import ask
from everfit.validation.stream import Part
from everfit.validation.suites import load_suite

suite = load_suite(Path(sys.argv[1]))
gx.check_suite(suite)
answer = ask(suite, "flights", [Part("flights.parquet", Path(sys.argv[2]))])
assert all(check.passed for check in answer.checks)
print(answer.rows, "great_expectations" in sys.modules)
"""


def test_a_plain_suite_never_imports_gx(month: Path, expectations: Path):
    given = [expectations / "flights.json", month / "flights.parquet"]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, *given], capture_output=True, text=True, check=True, cwd=PROJECT
    )

    assert done.stdout == "2700 False\n"


def test_gx_is_asked_about_the_rest_in_its_place_and_with_the_needed_columns(
    month: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[list[str]] = []
    asked = gx.answers

    def answers(suite: Suite, table: str, frame: pd.DataFrame, places: list[int]):
        seen.append([*frame.columns, *map(str, places)])
        return asked(suite, table, frame, places)

    monkeypatch.setattr(gx, "answers", answers)
    suite = Suite(Path("t.json"), (UNKNOWN, NOT_NULL, UNKNOWN))
    answer = ask(suite, "flights", [Part("flights.parquet", month / "flights.parquet")])

    assert seen == [["distance", "0", "2"]]
    assert [check.column for check in answer.checks] == ["distance", "origin", "distance"]
    assert [one["expectation_config"]["type"] for one in answer.results] == [UNKNOWN.kind, NOT_NULL.kind, UNKNOWN.kind]
    assert all(check.passed for check in answer.checks)


def test_a_row_condition_needs_every_column(month: Path):
    condition = {
        "column": "origin",
        "value_set": ["EWR"],
        "row_condition": "carrier=='UA'",
        "condition_parser": "pandas",
    }
    suite = Suite(Path("t.json"), (Expectation("expect_column_values_to_be_in_set", condition),))
    answer = ask(suite, "flights", [Part("flights.parquet", month / "flights.parquet")])

    assert answer.results[0]["exception_info"]["raised_exception"] is False
    assert 0 < answer.results[0]["result"]["element_count"] < answer.rows


def test_mistakes_in_a_suite_are_found_without_data():
    suite = Suite(Path("t.json"), (NOT_NULL, Expectation("expect_column_values_to_be_unique", {"colum": "a"})))

    with pytest.raises(SpecError, match=r"t\.json: expectation 2 .*colum: extra fields not permitted"):
        gx.check_suite(suite)


def test_torn_files_are_refused(tmp_path: Path):
    (tmp_path / "x.csv").write_bytes(b"a,b\n1\n")

    with pytest.raises(DataError, match=r"x\.csv cannot be read"):
        ask(Suite(Path("t.json"), (NOT_NULL,)), "t", [Part("x.csv", tmp_path / "x.csv")])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("key", "value"),
    [("column", 1), ("mostly", 2), ("mostly", "1"), ("min_value", "x"), ("row_condition", "a > 1"), ("colum", "a")],
)
def test_what_is_not_certain_is_not_understood(kind: str, key: str, value: object):
    assert not understood(Expectation(kind, {"column": "a", "value_set": [1], "min_value": 1, key: value}))


def test_every_real_suite_is_understood(expectations: Path):
    for path in expectations.glob("*.json"):
        assert all(understood(asked) for asked in load_suite(path).expectations), path


def test_several_files_are_one_table(tmp_path: Path):
    parts = []
    for name, text in (("1.csv", "a,b\n1,x\n2,\n"), ("2.csv", "a,b\n2.5,y\n1,y\n")):
        (tmp_path / name).write_text(text)
        parts.append(Part(name, tmp_path / name))
    unique = Expectation("expect_column_values_to_be_unique", {"column": "a"}, "quarantine")
    answer = ask(Suite(Path("t.json"), (unique, NOT_NULL)), "t", parts)

    assert answer.rows == 4
    assert answer.checks[0].found == "2 of 4 rows share their value (50%), such as 1"
    assert [bad.rows.rows(part).tolist() for bad in answer.bad for part in (0, 1)] == [[0], [1]]
