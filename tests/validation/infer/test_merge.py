"""A person's suite and what was inferred: what stays, what changes, what is told; and that the text shows no more."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.validation.infer.merge import INFERRED, merge
from everfit.validation.infer.text import first, inferred, rewritten
from everfit.validation.suites import Expectation

RANGE = "expect_column_values_to_be_between"
SET = "expect_column_values_to_be_in_set"
FULL = "expect_column_values_to_not_be_null"


def between(low: object, high: object, severity: str = "critical", **more: object) -> Expectation:
    return Expectation(RANGE, {"column": "x", "min_value": low, "max_value": high, **more}, severity, "as learnt")


def test_what_a_person_wrote_and_what_holds_stays():
    made = merge([between(0, 10)], [False], [between(-5, 50)], {})
    assert (made.changed, made.added, made.conflicts) == ((), (), ())


def test_nothing_is_proposed_on_a_topic_that_a_person_has_settled():
    kinds = Expectation(SET, {"column": "x", "value_set": [1, 2]})
    assert merge([kinds], [False], [between(-5, 50)], {}).added == ()
    other = Expectation(FULL, {"column": "x"})
    assert merge([kinds], [False], [other], {}).added == (other,)


def test_a_critical_one_that_is_broken_is_widened_no_further_than_needed():
    written = between(0, 10, mostly=0.9, strict_max=True)
    (changed,) = merge([written], [False], [between(2, 15)], {0: "2013-02: 12"}).changed
    assert dict(changed.kwargs) == {"column": "x", "min_value": 0, "max_value": 15, "mostly": 0.9, "strict_max": True}
    assert changed.description is None


def test_a_warning_that_is_broken_is_told_and_does_what_it_is_for():
    made = merge([between(0, 10, "warning")], [False], [between(0, 1048)], {0: "2013-02: 1048"})
    assert made.changed == ()
    (conflict,) = made.conflicts
    assert (conflict.found, conflict.mended) == ("2013-02: 1048", False)


def test_what_cannot_be_mended_is_told():
    custom = Expectation("expect_column_values_to_be_tail_numbers", {"column": "x"})
    made = merge([custom], [False], [between(0, 1)], {0: "2013-02: 3 rows"})
    assert made.changed == ()
    assert [one.mended for one in made.conflicts] == [False]


def test_our_own_is_brought_up_to_date():
    (changed,) = merge([between(0, 10)], [True], [between(0, 12)], {}).changed
    assert (changed.kwargs["max_value"], changed.description) == (12, "as learnt")
    assert merge([between(0, 10)], [True], [between(0, 10)], {}).changed == ()


@pytest.mark.parametrize(
    ("written", "answer", "key", "wanted"),
    [
        ({"mostly": 0.9}, {"mostly": 0.8}, "mostly", 0.8),
        ({}, {"mostly": 0.8}, "mostly", 0.8),
        ({"value_set": ["b"]}, {"value_set": ["a", "b"]}, "value_set", ["b", "a"]),
        ({"regex": "^a$"}, {"regex": "^[a-z]$"}, "regex", "^[a-z]$"),
        ({"type_list": ["int64"]}, {"type_list": ["int64", "float64"]}, "type_list", ["int64", "float64"]),
    ],
)
def test_other_arguments_are_widened_too(written, answer, key, wanted):
    kind = FULL if key == "mostly" else SET
    one, other = (Expectation(kind, {"column": "x", **kwargs}) for kwargs in (written, answer))
    (changed,) = merge([one], [False], [other], {0: "broken"}).changed
    assert changed.kwargs[key] == wanted


ONE_LINE = """{
  "name": "t",
  "expectations": [
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "x",  "min_value": 0}, "meta": {"why": "é"}},
    {"type": "expect_column_values_to_be_unique",   "kwargs": {"column": "y"}}
  ],
  "meta": {"great_expectations_version": "1.24.1"}
}
"""
INDENTED = json.dumps(json.loads(ONE_LINE), indent=2)


@pytest.mark.parametrize("text", [ONE_LINE, INDENTED, INDENTED.replace("  ", "\t")])
def test_only_what_changes_changes_in_the_text(text):
    written = [Expectation(e["type"], e["kwargs"]) for e in json.loads(text)["expectations"]]
    new = Expectation(FULL, {"column": "x"}, "critical", "a value in every row")
    after = rewritten(
        text, merge(written, inferred(text), [Expectation(RANGE, {"column": "x", "min_value": -1}), new], {0: "broken"})
    )

    wanted = json.loads(text)
    wanted["expectations"][0]["kwargs"]["min_value"] = -1
    wanted["expectations"].append(
        {
            "type": FULL,
            "kwargs": {"column": "x"},
            "severity": "critical",
            "description": new.description,
            "meta": INFERRED,
        }
    )
    assert json.loads(after) == wanted
    kept = [line for line in text.splitlines() if "min_value" not in line and line.strip() not in ("}", "]", "],")]
    assert all(line in after for line in kept)
    assert after.index('"y"') < after.index(FULL)
    assert inferred(after) == (False, False, True)


names = st.sampled_from("xyz")
ranges = st.builds(
    lambda column, low, high: Expectation(
        RANGE, {"column": column, "min_value": low, "max_value": high}, "warning", "d"
    ),
    names,
    st.integers(-5, 0),
    st.integers(1, 5),
)


@given(st.lists(ranges, max_size=3, unique_by=lambda one: one.column), st.lists(ranges, min_size=1, max_size=3))
def test_inferring_twice_changes_nothing_the_second_time(before, proposed):
    proposed = list({one.column: one for one in proposed}.values())
    text = first("t", (*before, Expectation("expect_table_row_count_to_equal", {"value": 1})))

    def once(text: str) -> str:
        suite = [
            Expectation(e["type"], e["kwargs"], e["severity"], e["description"])
            for e in json.loads(text)["expectations"]
        ]
        return rewritten(text, merge(suite, inferred(text), proposed, {}))

    assert once(once(text)) == once(text)
