"""Strategies as a spec writes them, and the stages that they mean."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from everfit import catalog
from everfit.errors import SpecError
from everfit.spec import ModelSpec, json_schema, load_spec
from everfit.values import Stage, dump, load


def spec(*rollout: Any) -> ModelSpec:
    return ModelSpec.model_validate(load_spec("flight_delays").model_dump() | {"rollout": list(rollout)})


def test_strategies_follow_one_another() -> None:
    stages = spec("shadow", {"canary": {"steps": [5, 25], "bake": "30m", "key": "carrier"}}).stages
    assert [(stage.name, stage.share, stage.shadow, stage.key, stage.needs) for stage in stages] == [
        ("shadow", 0.0, True, "", "no_harm"),
        ("canary 5 %", 0.05, False, "carrier", "no_harm"),
        ("canary 25 %", 0.25, False, "carrier", "not_worse"),
    ]
    assert stages[1].at_least == timedelta(minutes=30)


def test_time_alone_promotes_nobody_unless_the_spec_says_so() -> None:
    usual = ["shadow", "canary", {"ab": {"key": "carrier"}}, "blue_green"]
    assert {stage.otherwise for stage in spec(*usual).stages} == {"keep_back"}
    (*early, last) = spec({"canary": {"otherwise": "promote"}}).stages
    assert ({stage.otherwise for stage in early}, last.otherwise) == ({"keep_back"}, "promote")


def test_direct_has_no_stages_and_is_what_silence_means() -> None:
    assert spec("direct").stages == spec().stages == load_spec("flight_delays").stages == ()


def test_a_stage_travels_as_json_with_the_bars_of_its_judge() -> None:
    (stage,) = spec({"shadow": {"bars": {"latency": 2.0, "wanted": ["errors"]}}}).stages
    assert load(Stage, json.loads(json.dumps(dump(stage)))) == stage
    assert json.loads(stage.bars)["latency"] == 2.0


def test_a_spec_says_its_rollout_again_word_for_word() -> None:
    made = spec("shadow", {"canary": {"steps": [10.0], "key": "carrier"}})
    assert ModelSpec.model_validate_json(made.model_dump_json()).spec_hash == made.spec_hash


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("canry", "did you mean 'canary'"),
        ({"canary": {"steps": [50, 5]}}, "percentages that grow"),
        ({"canary": {"steps": []}}, "percentages that grow"),
        ({"canary": {"steps": [5, 100]}}, "steps: wanted a number between 0 and 100"),
        ({"canary": {"bake": "soon"}}, "wanted a time such as 90s"),
        ({"shadow": {"at_least": "2h", "at_most": "1h"}}, "no less than at_least, which is 2h"),
        ({"shadow": {"needs": "proof"}}, "needs"),
        ({"shadow": {"answers": 0}}, "at least 1"),
        ({"shadow": {"bars": {"errors": 7}}}, "from 0 to 1"),
        ({"ab": {}}, "key: is missing"),
        ({"ab": {"key": "c", "share": 100.0}}, "between 0 and 100"),
        ({"blue_green": {"watch": "0s", "at_most": "0s"}}, "at_most"),
    ],
)
def test_what_is_wrong_is_said(wrong: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        spec(wrong)


def test_the_schema_knows_every_strategy() -> None:
    named = json_schema()["properties"]["rollout"]["items"]["oneOf"][-1]["properties"]
    assert set(named) == set(catalog.strategies()) == {"direct", "shadow", "canary", "ab", "blue_green"}
    assert named["ab"]["required"] == ["key"]
