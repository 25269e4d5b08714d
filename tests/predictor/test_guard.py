"""What is odd about a row, and what is answered to it."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from everfit.errors import Corrupted, DataError, SpecError
from everfit.features import Input, Inputs, Range, Ranges
from everfit.predictor import Answered, Guard, Policy, Predictor, answer, stand_in
from everfit.predictor.policy import FILES, RANGES, files, read_policy, read_ranges
from everfit.spec import AnswersSpec
from everfit.spec.answers import FINDINGS
from tests.toy_model import ROWS, toy_folder

INPUTS = Inputs((Input("hour", "number"), Input("carrier", "text"), Input("charter", "truth"), Input("at", "time")))
RANGES_OF = Ranges(
    1000,
    (
        Range("hour", "number", 0.0, 5, 23, 6, 22),
        Range("carrier", "text", 0.2, known=("AA", "HA", "UA"), rare=("HA",)),
        Range("charter", "truth", 0.2),
        Range("at", "time", 0.2),
    ),
    1,
)
GOOD: Mapping[str, Any] = {"hour": 7, "carrier": "UA", "charter": True, "at": "2013-05-01T08:00:00Z"}


def guard(ranges: Ranges | None = RANGES_OF, task: str = "binary", **answers: Any) -> Guard:
    return Guard(task, INPUTS, Policy.of(AnswersSpec(**answers)), ranges)


FLAGS = [
    ({}, ()),
    ({"hour": 5.5, "carrier": None, "charter": None, "at": None, "more": 1}, ()),
    ({"hour": True}, ("out_of_range:hour",)),
    ({"hour": 23.5}, ("out_of_range:hour",)),
    ({"hour": None}, ("missing_value:hour",)),
    ({"hour": float("nan")}, ("missing_value:hour",)),
    ({"hour": float("inf")}, ("wrong_type:hour",)),
    ({"hour": 10**400}, ("wrong_type:hour",)),
    ({"hour": "7"}, ("wrong_type:hour",)),
    ({"hour": [7]}, ("wrong_type:hour",)),
    ({"carrier": "ZZ"}, ("unseen_category:carrier",)),
    ({"carrier": 3}, ("wrong_type:carrier",)),
    ({"carrier": {"a": 1}}, ("wrong_type:carrier",)),
    ({"charter": 1}, ("wrong_type:charter",)),
    ({"at": 1367395200}, ("wrong_type:at",)),
    ({"at": "2013-02-30"}, ("wrong_type:at",)),
    ({"at": "someday"}, ("wrong_type:at",)),
    ({"at": "2013-02-28 23:59:59.5+13:00"}, ()),
    ({"hour": 23, "carrier": "HA"}, ("out_of_distribution",)),
    ({"hour": 99, "carrier": "ZZ"}, ("out_of_range:hour", "unseen_category:carrier", "out_of_distribution")),
]


@pytest.mark.parametrize(("changes", "flags"), FLAGS)
def test_what_is_odd_has_a_name(changes: dict[str, Any], flags: tuple[str, ...]):
    assert guard().look({**GOOD, **changes}).flags == flags


def test_a_row_without_a_value_and_a_row_without_a_key():
    assert guard().look(dict.fromkeys(GOOD)).flags == ("empty", "missing_value:hour")
    assert guard().look({"hour": 7, "carrier": "UA", "charter": None}).flags == ("missing_feature:at",)


def test_what_cannot_be_read_is_missing_to_the_model():
    finding = guard(wrong_type="flag").look({**GOOD, "hour": "7", "charter": 1})
    assert (finding.row, finding.asks) == ({**GOOD, "hour": None, "charter": None}, True)
    assert guard().look(GOOD).row is GOOD


def test_of_two_findings_the_stronger_answer_counts():
    row = {**GOOD, "hour": 99, "carrier": "ZZ"}
    assert guard(constant=0.2, out_of_range="constant").look(row).action == "constant"
    assert guard(out_of_range="abstain", unseen_category="previous").look(row).action == "abstain"
    assert guard(out_of_range="abstain", unseen_category="refuse").look(row).action == "refuse"


REFUSALS = [
    ({**GOOD, "hour": 99}, "out_of_range", "row 1 has 99 as 'hour'; the training rows had 5 to 23"),
    (
        {**GOOD, "carrier": "UB"},
        "unseen_category",
        "row 1 has 'UB' as 'carrier', as fewer than 5 training rows had .known: AA, HA, UA",
    ),
    ({**GOOD, "hour": None}, "missing_value", "row 1 has no value for 'hour', and every training row had one"),
    ({**GOOD, "hour": "x" * 99}, "wrong_type", r"'hour' must be a number; row 1 has 'x{56}\.\.\."),
    ({"hour": 7, "carier": "UA"}, "missing_feature", "row 1 has no 'carrier' .*did you mean 'carier'"),
    (dict.fromkeys(GOOD), "empty", "row 1 has no value in any of its inputs"),
    ({**GOOD, "hour": 23, "carrier": "HA"}, "out_of_distribution", "row 1 has 2 unusual inputs; at most 1 at a time"),
]


@pytest.mark.parametrize(("row", "finding", "said"), REFUSALS)
def test_a_refusal_says_which_row_and_why(row: Mapping[str, Any], finding: str, said: str):
    with pytest.raises(DataError, match=said):
        answer(guard(**{finding: "refuse"}), [GOOD, row], lambda rows: [0.5] * len(rows))


def test_every_finding_is_refused_in_words_of_its_own():
    assert {finding for _, finding, _ in REFUSALS} == {*FINDINGS} - {"low_confidence"}


def test_low_confidence_of_each_task():
    sure = guard(confidence=0.7, low_confidence="abstain")
    made = answer(sure, [GOOD] * 3, lambda _: [0.69, 0.31, 0.71])
    assert made.said(3) == {
        "predictions": [None, None, 0.71],
        "flags": [("low_confidence", "abstained"), ("low_confidence", "abstained"), ()],
        "abstained": [0, 1],
    }
    of_classes = guard(confidence=0.7, low_confidence="abstain", task="multiclass")
    classes = answer(of_classes, [GOOD] * 2, lambda _: [{"a": 0.6, "b": 0.4}, {"a": 0.1, "b": 0.9}])
    assert [one is None for one in classes.predictions] == [True, False]
    width = guard(width=10, task="quantile")
    wide = answer(width, [GOOD] * 2, lambda _: [{"0.1": 0, "0.5": 9, "0.9": 11}, {"0.1": 0, "0.5": 1, "0.9": 10}])
    assert [*wide.flags] == [("low_confidence",), ()]
    with pytest.raises(DataError, match="answer to row 0 is not sure enough"):
        answer(guard(confidence=0.7, low_confidence="refuse"), [GOOD], lambda _: [0.5])


def test_who_answered_is_said_row_by_row():
    rows = [GOOD, {**GOOD, "hour": 99}, {**GOOD, "carrier": "ZZ"}, {**GOOD, "hour": None}]
    mixed = guard(out_of_range="previous", unseen_category="constant", missing_value="abstain", constant=0.25)
    asked: list[Any] = []

    def score(values: Any) -> list[float]:
        asked.extend(values)
        return [0.5]

    made = answer(mixed, rows, score, lambda waiting: (2, [0.75] if waiting == rows[1:2] else []))
    assert asked == [GOOD]
    assert made.said(3) == {
        "predictions": [0.5, 0.75, 0.25, None],
        "flags": [
            (),
            ("out_of_range:hour", "answered_by:2"),
            ("unseen_category:carrier", "answered_by:constant"),
            ("missing_value:hour", "abstained"),
        ],
        "abstained": [3],
        "answered_by": [3, 2, "constant", None],
    }


def test_without_a_predecessor_that_can_answer_nobody_does():
    odd, falls_back = {**GOOD, "hour": 99}, guard(out_of_range="previous")
    nobody = Answered([None], [("out_of_range:hour", "abstained")], {})
    assert answer(falls_back, [odd], lambda _: []) == nobody
    assert stand_in(falls_back, [odd], lambda _: []) == [None]
    assert stand_in(guard(confidence=0.9, low_confidence="abstain"), [odd, GOOD], lambda _: [0.5, 0.95]) == [None, 0.95]
    assert answer(falls_back, [odd], lambda _: [], lambda _: (2, [None])) == nobody


def test_no_rows_are_refused_or_answered_with_none():
    with pytest.raises(DataError, match="at least one row"):
        answer(guard(), [], lambda _: [])
    assert answer(guard(empty="flag"), [], lambda _: []).said(3) == {"predictions": []}


def test_before_there_were_ranges_only_keys_and_kinds_count():
    old = guard(ranges=None)
    assert old.look({"hour": 1e9, "carrier": "ZZ", "charter": None, "at": None}).flags == ()
    assert old.look(dict.fromkeys(GOOD)).flags == ()
    assert old.look({**GOOD, "hour": "x"}).action == "refuse"


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["UA", "2013-01-01"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
ROW = st.fixed_dictionaries({}, optional=dict.fromkeys([*GOOD, "other"], ANY))


@settings(max_examples=300, deadline=None)
@given(ROW)
@example({**GOOD, "at": "0001-01-01T00:00:00+13:00"})
@example({**GOOD, "at": "9999-12-31T23:59:59-13:00"})
@example({**GOOD, "at": "2013-W01-1"})
def test_whatever_a_row_holds_the_model_can_read_what_the_guard_gives(row: dict[str, Any]):
    """What the guard lets through is typed by the code that types training rows, without an error."""
    finding = guard(missing_feature="flag", wrong_type="flag", empty="flag").look(row)
    assert finding.asks
    read_by_model = {name: finding.row[name] for name in INPUTS.names}
    frame = pd.DataFrame({name: [value, None] for name, value in read_by_model.items()})
    read = INPUTS.read(frame)
    assert read.iloc[0].isna().tolist() == [value is None for value in read_by_model.values()]


def test_a_guard_travels_to_other_processes():
    one = guard()
    one.look(GOOD)
    assert pickle.loads(pickle.dumps(one)).look(GOOD) == one.look(GOOD)


def test_the_folder_keeps_ranges_and_policy(tmp_path: Path):
    folder = toy_folder(tmp_path / "toy", answers=AnswersSpec(out_of_range="abstain"))
    predictor = Predictor.load(folder)
    assert predictor.guard == Guard.of(folder)
    assert predictor.guard.policy.actions["out_of_range"] == "abstain"
    assert predictor.guard.ranges is not None
    assert predictor.guard.ranges.inputs[1].known == ("AA", "DL", "UA")
    policy, ranges = read_policy(folder), read_ranges(folder)
    assert files(policy, ranges) == {name: (folder / name).read_bytes() for name in FILES}
    (folder / RANGES).write_text("{}")
    with pytest.raises(Corrupted, match=r"ranges\.json is not what training writes there"):
        Guard.of(folder)


def test_a_folder_of_before_answers_as_it_did(tmp_path: Path):
    predictor = Predictor.load(toy_folder(tmp_path / "toy"))
    assert predictor.guard.ranges is None
    made = answer(predictor.guard, ROWS, predictor.answers_to)
    assert made == Answered(predictor.predict(pd.DataFrame(ROWS)).tolist())


def test_a_constant_must_be_of_the_models_classes():
    spec = AnswersSpec(out_of_range="constant", constant={"late": 0.2, "on time": 0.8})
    assert Policy.of(spec, ("on time", "late")).constant == {"on time": 0.8, "late": 0.2}
    with pytest.raises(SpecError, match="no class 'late'; did you mean 'later'"):
        Policy.of(spec, ("on time", "later"))
    with pytest.raises(SpecError, match="the class 'never' is missing"):
        Policy.of(spec, ("on time", "late", "never"))
