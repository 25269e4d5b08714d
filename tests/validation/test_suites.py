"""A slip of the pen in a suite is a SpecError: GX itself would leave the expectation out and go on."""

import json
from pathlib import Path

import pytest

from everfit.errors import SpecError
from everfit.validation import gx
from everfit.validation.suites import load_suite

GOOD = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "a"}}


def write(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "t.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_real_suites_are_in_order(expectations: Path):
    suites = {path.stem: load_suite(path) for path in sorted(expectations.glob("*.json"))}

    assert suites.keys() == {"airports", "flights", "planes", "weather"}
    for suite in suites.values():
        gx.check_suite(suite)
        assert suite.expectations[1].kind == "expect_table_row_count_to_be_between"
    assert {e.severity for e in suites["flights"].expectations} == {"critical", "warning"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "t.json: the expectations are not JSON"),
        ([], "t.json: wanted a GX suite"),
        ({"name": "t"}, "t.json: wanted a GX suite"),
        ({"expectation": [GOOD], "expectations": [GOOD]}, "no key 'expectation'; did you mean 'expectations'"),
        ({"expectations": []}, "the suite expects nothing"),
        ({"expectations": [GOOD, {"kwargs": {}}]}, "expectation 2: wanted"),
        ({"expectations": [GOOD | {"kwarg": {}}]}, "there is no key 'kwarg'; did you mean 'kwargs'"),
        ({"expectations": [GOOD | {"kwargs": [1]}]}, "kwargs must be an object"),
        ({"expectations": [GOOD | {"severity": "critcal"}]}, "no severity 'critcal'; did you mean 'critical'"),
        (
            {
                "expectations": [
                    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": "("}}
                ]
            },
            r"'\(' is not a regular expression",
        ),
    ],
)
def test_a_broken_suite_names_file_and_place(tmp_path: Path, content: object, message: str):
    with pytest.raises(SpecError, match=message):
        load_suite(write(tmp_path, content))


def test_a_suite_that_is_not_there(tmp_path: Path):
    with pytest.raises(SpecError, match=r"none\.json: cannot read the expectations: No such file"):
        load_suite(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        (
            {"type": "expect_colum_values_to_be_unique", "kwargs": {"column": "a"}},
            "expectation 1 .* GX has no such expectation; did you mean 'expect_column_values_to_be_unique'",
        ),
        ({"type": GOOD["type"], "kwargs": {"colum": "a"}}, "colum: extra fields not permitted; column: field required"),
        ({"type": GOOD["type"]}, "column: field required"),
        (
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "a"}},
            "min_value and max_value cannot both be None",
        ),
    ],
)
def test_what_gx_does_not_know_is_refused_before_data_is_looked_at(tmp_path: Path, expectation: dict, message: str):
    suite = load_suite(write(tmp_path, {"expectations": [expectation]}))

    with pytest.raises(SpecError, match=message):
        gx.check_suite(suite)
