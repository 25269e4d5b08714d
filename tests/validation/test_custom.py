"""A team's own kinds of expectation are known where its suites are built, and nowhere else."""

import shutil
from pathlib import Path

import pytest

from everfit.errors import SpecError
from everfit.validation import gx
from everfit.validation.custom import load_custom
from everfit.validation.read import read_table
from everfit.validation.suites import Expectation, Suite

TAIL_NUMBERS = '''
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial


class TailNumbers(ColumnMapMetricProvider):
    condition_metric_name = "column_values.tail_number"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column, **kwargs):
        return column.str.fullmatch("N[0-9A-Z]{1,5}")


class ExpectColumnValuesToBeTailNumbers(ColumnMapExpectation):
    """American planes have a tail number that begins with N."""

    map_metric = "column_values.tail_number"
'''
HOURS = """
from great_expectations.expectations.core import ExpectColumnValuesToBeBetween


class ExpectColumnValuesToBeHours(ExpectColumnValuesToBeBetween):
    min_value: float = 0
    max_value: float = {last}
"""
TYPE = "expect_column_values_to_be_tail_numbers"
HOUR = Expectation("expect_column_values_to_be_hours", {"column": "hour"})


def custom(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "custom.py").write_text(text)
    return folder


def ask(folder: Path, frame, *asked: Expectation):
    return gx.run(Suite(folder / "flights.json", asked), "flights", frame)


def test_a_real_batch_is_held_against_a_teams_own_expectation(tmp_path: Path, month: Path):
    flights = read_table(month / "flights.parquet")
    folder = custom(tmp_path, TAIL_NUMBERS)
    asked = Expectation(TYPE, {"column": "tailnum", "mostly": 0.999}, description="an American tail number")

    (good,) = ask(folder, flights, asked)
    assert good.passed
    (bad,) = ask(folder, flights.assign(tailnum=flights["tailnum"].str.lower()), asked)
    assert not bad.passed
    assert (bad.wanted, bad.share) == ("an American tail number", pytest.approx(0.994, abs=0.003))


def test_two_models_have_each_their_own_of_the_same_name(tmp_path: Path, month: Path):
    flights = read_table(month / "flights.parquet")
    day, morning = custom(tmp_path / "a", HOURS.format(last=23)), custom(tmp_path / "b", HOURS.format(last=12))

    verdicts = [ask(folder, flights, HOUR)[0].passed for folder in (day, morning, day, morning)]
    assert verdicts == [True, False, True, False]


def test_a_model_without_the_file_does_not_get_anothers(tmp_path: Path, month: Path):
    flights = read_table(month / "flights.parquet")
    assert ask(custom(tmp_path / "a", HOURS.format(last=23)), flights, HOUR)[0].passed

    with pytest.raises(SpecError, match=r"flights\.json: expectation 1 .*: GX has no such expectation"):
        ask(tmp_path, flights, HOUR)


def test_what_a_package_of_the_team_adds_stays_for_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "acme_expectations.py").write_text(HOURS.format(last=23).replace("BeHours", "BeAcmeHours"))
    monkeypatch.syspath_prepend(tmp_path)
    both = [custom(tmp_path / name, "import acme_expectations\n" + HOURS.format(last=1)) for name in "ab"]
    acme = Suite(both[1] / "t.json", (Expectation("expect_column_values_to_be_acme_hours", {"column": "hour"}),))

    assert [load_custom(folder).kinds for folder in both] == [("expect_column_values_to_be_hours",)] * 2
    gx.check_suite(acme)


def test_the_file_is_known_by_its_hash_and_a_changed_one_is_loaded_anew(tmp_path: Path):
    first = load_custom(custom(tmp_path, HOURS.format(last=23)))
    assert load_custom(tmp_path) is first
    second = load_custom(custom(tmp_path, HOURS.format(last=12)))

    assert first.sha256 != second.sha256
    assert load_custom(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\nclass A(:\n", r"custom.py:2: the file does not load: SyntaxError"),
        ("\nimport nothing_like_it\n", r"custom.py:2: the file does not load: ModuleNotFoundError"),
        ("def f():\n    return 1 / 0\n\nf()\n", r"custom.py:2: the file does not load: ZeroDivisionError"),
        ("x = 1\n", r"custom.py: found no expectation, wanted a class that derives"),
        (HOURS.format(last=1).replace("BeHours", "BeUnique"), "GX has 'expect_"),
        (TAIL_NUMBERS.replace("column_values.tail_number", "column_values.in_set"), "GX has 'column_values.in_set"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line_and_leaves_gx_as_it_was(
    tmp_path: Path, month: Path, text: str, message: str
):
    with pytest.raises(SpecError, match=message):
        load_custom(custom(tmp_path, text))

    flights = read_table(month / "flights.parquet")
    shutil.rmtree(tmp_path)
    asked = Expectation("expect_column_values_to_be_in_set", {"column": "origin", "value_set": ["EWR", "JFK", "LGA"]})
    unique = Expectation("expect_column_values_to_be_unique", {"column": "origin"})
    assert [check.passed for check in ask(tmp_path, flights, asked, unique)] == [True, False]
