"""What is answered to odd requests: what may be declared, and what is refused with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import SpecError
from everfit.spec import AnswersSpec, ModelSpec, json_schema, load_spec
from everfit.spec.answers import FINDINGS

Change = Callable[[str, str], Path]


def test_unless_told_otherwise_what_cannot_be_read_is_refused_and_the_rest_flagged():
    actions = AnswersSpec().actions
    assert {name for name, action in actions.items() if action == "refuse"} == {
        "empty",
        "missing_feature",
        "wrong_type",
    }
    assert {actions[name] for name in FINDINGS[3:]} == {"flag"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{out_of_rang: flag}", "answers.out_of_rang: there is no such key; did you mean 'out_of_range'?"),
        ("{out_of_range: flagg}", "answers.out_of_range: found 'flagg'; did you mean 'flag'?"),
        ("{out_of_range: constant}", "answers.out_of_range: found constant, and no constant to answer with"),
        ("{constant: 0.5}", "answers.constant: nothing is answered with it"),
        ("{out_of_range: constant, constant: 1.5}", "answers.constant: found 1.5, wanted chances from 0 to 1"),
        ("{out_of_range: constant, constant: {a: 1}}", "answers.constant: found {'a': 1.0}, wanted a number, as"),
        ("{out_of_range: constant, constant: many}", "answers.constant: found 'many', wanted a number, or one"),
        ("{confidence: 0.4}", "answers.confidence: found 0.4, wanted more than 0.5"),
        ("{confidence: 1}", "answers.confidence: found 1, wanted less than 1"),
        ("{width: 3}", "answers.width: is for the task quantile with at least two quantiles: take it out"),
        (
            "{low_confidence: abstain}",
            "answers.low_confidence: found abstain, and no bar below which confidence is low",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(change: Change, written: str, said: str):
    models = change("retrain:", f"answers: {written}\nretrain:")
    with pytest.raises(SpecError) as error:
        load_spec("shop", models)
    assert "model.yaml:17: " + said in str(error.value)


DATA = {"landing": "m", "tables": {"a": {"file": "a.csv"}}}


def of_task(task: str, answers: dict[str, Any], **more: Any) -> ModelSpec:
    given = {"name": "m", "task": task, "label": "y", "time": "t", "data": DATA}
    return ModelSpec.model_validate(given | {"answers": answers} | more)


QUANTILES = {"quantiles": [0.1, 0.9]}


@pytest.mark.parametrize(
    ("task", "answers", "more", "said"),
    [
        ("regression", {"confidence": 0.7}, {}, "confidence: is for binary and multiclass, and the task is regression"),
        ("regression", {"low_confidence": "abstain"}, {}, "low_confidence: has no bar in regression"),
        ("multiclass", {"empty": "constant", "constant": 0.5}, {}, "wanted a number for each class or quantile"),
        ("multiclass", {"empty": "constant", "constant": {"a": 2, "b": 0}}, {}, "wanted chances from 0 to 1"),
        (
            "quantile",
            {"empty": "constant", "constant": {0.1: 3, 0.9: 2}},
            QUANTILES,
            "wanted rising numbers for 0.1, 0.9",
        ),
        ("quantile", {"empty": "constant", "constant": {0.1: 3}}, QUANTILES, "wanted rising numbers for 0.1, 0.9"),
        ("quantile", {"width": 2}, {"quantiles": [0.5]}, "width: is for the task quantile with at least two quantiles"),
    ],
)
def test_what_is_of_another_task(task: str, answers: dict[str, Any], more: dict[str, Any], said: str):
    with pytest.raises(SpecError, match="answers") as error:
        of_task(task, answers, **more)
    assert said in str(error.value)


def test_what_fits_the_task():
    spec = of_task("quantile", {"empty": "constant", "constant": {0.1: 2, 0.9: 3}, "width": 5}, **QUANTILES)
    assert spec.answers.constant == {"0.1": 2.0, "0.9": 3.0}
    assert ModelSpec.model_validate_json(spec.model_dump_json()).answers == spec.answers
    assert of_task("binary", {"confidence": 0.6, "low_confidence": "previous"}).answers.confidence == 0.6
    assert of_task("regression", {"out_of_range": "constant", "constant": 3}).answers.constant == 3


def test_the_schema_tells_editors():
    answers = json_schema()["$defs"]["AnswersSpec"]
    assert set(answers["properties"]) == set(AnswersSpec.model_fields)
    assert all(each["description"] for each in answers["properties"].values())
