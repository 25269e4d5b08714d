"""A label that says nothing is refused; one that is misspelt in the spec is the team's to mend."""

from pathlib import Path

import pandas as pd
import pytest

from everfit.errors import SpecError
from everfit.validation.label import check_rows

TIMES = pd.to_datetime(["2013-01-01", "2013-01-02", "2013-01-03"], utc=True)


def ask(label: list, task: str = "binary", times: object = TIMES):
    rows = pd.DataFrame({"late": label, "at": times})
    return check_rows(rows, label="late", time="at", task=task, code=Path("features.py"))


def test_a_label_to_learn_from():
    varied, binary, time = ask([0.0, 1.0, None])

    assert all(check.passed for check in (varied, binary, time))
    assert varied.found == "2 different values in 2 of 3 rows"
    assert binary.found == "nothing else"
    assert time.found.startswith("from 2013-01-01 ")


@pytest.mark.parametrize(
    ("label", "task", "found"),
    [
        ([0.0, 0.0, 0.0], "binary", "always 0 in 3 of 3 rows"),
        ([1.0, None, 1.0], "binary", "always 1 in 2 of 3 rows"),
        ([True, True, True], "binary", "always True in 3 of 3 rows"),
        ([12.5, 12.5, 12.5], "regression", "always 12.5 in 3 of 3 rows"),
        ([None, None, None], "binary", "no value in any of 3 rows"),
        ([None, None, None], "regression", "no value in any of 3 rows"),
        (["x", "x", "x"], "regression", "always 'x' in 3 of 3 rows"),
        ([], "binary", "no value in any of 0 rows"),
    ],
)
def test_a_label_that_is_constant_or_missing_fails(label: list, task: str, found: str):
    varied = ask(label, task, TIMES[: len(label)])[0]

    assert not varied.passed
    assert (varied.column, varied.severity, varied.found) == ("late", "critical", found)


def test_a_binary_label_is_0_or_1():
    binary = ask([0.0, 1.0, 2.0])[1]

    assert not binary.passed
    assert binary.found == "1 other values, such as 2"


def test_rows_without_a_time_fail():
    time = ask([0.0, 1.0, 1.0], times=[TIMES[0], None, TIMES[2]])[-1]

    assert not time.passed
    assert time.found == "1 of 3 rows without"


@pytest.mark.parametrize(("label", "time", "wrong"), [("lat", "at", "lat"), ("late", "time_hour", "time_hour")])
def test_a_column_that_rows_does_not_make_is_a_mistake_in_the_spec(label: str, time: str, wrong: str):
    rows = pd.DataFrame({"late": [0, 1], "at": TIMES[:2]})

    with pytest.raises(SpecError, match=rf"features\.py: rows\(\) makes no column '{wrong}'.*known: at, late"):
        check_rows(rows, label=label, time=time, task="binary", code=Path("features.py"))
