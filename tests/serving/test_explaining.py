"""What each feature did to an answer, for callers who ask."""

from __future__ import annotations

import math

import pytest

from everfit.predictor import Predictor
from everfit.serving.explaining import MOST_EXPLAINED
from everfit.spec import AnswersSpec
from tests.serving.conftest import Town
from tests.toy_model import ROWS


def log_odds(chance: float) -> float:
    return math.log(chance / (1 - chance))


def test_features_and_a_constant_make_the_answer(town: Town) -> None:
    town.publish()
    town.point("champion", 1)
    plain, asked = town.ask(ROWS).json(), town.ask(ROWS, explain=True).json()
    assert {name: asked[name] for name in plain} == plain, "nothing else is another"
    assert "explanations" not in plain
    found = asked["explanations"]
    assert [set(one) for one in found] == [{"hour", "carrier", "usually", "month"}] * len(ROWS)
    assert all([*map(abs, one.values())] == sorted(map(abs, one.values()), reverse=True) for one in found)
    assert any(abs(did) > 0.1 for did in found[0].values())
    rest = [log_odds(answer) - sum(one.values()) for answer, one in zip(asked["predictions"], found, strict=True)]
    assert rest == pytest.approx([rest[0]] * len(ROWS), abs=1e-5), "the constant of the version"


def test_what_somebody_else_answered_or_nobody_is_not_explained(town: Town) -> None:
    town.publish(answers=AnswersSpec(out_of_range="constant", missing_value="abstain", constant=0.5))
    town.point("champion", 1)
    odd = {**ROWS[0], "hour": 99}
    said = town.ask([ROWS[0], odd, {**ROWS[0], "carrier": None}], explain=True).json()
    assert said["predictions"][1:] == [0.5, None]
    assert [one is None for one in said["explanations"]] == [False, True, True]


@pytest.mark.parametrize(
    ("rows", "explain", "status", "words"),
    [
        ([ROWS[0]] * (MOST_EXPLAINED + 1), True, 413, "explain: found 101 rows, at most 100 are explained at once"),
        ([ROWS[0]], "please", 422, "explain: Input should be a valid boolean"),
        ([{"hour": 1}], True, 422, "row 0 has no 'carrier'"),
    ],
)
def test_what_is_not_explained(town: Town, rows: object, explain: object, status: int, words: str) -> None:
    if not town.registry.aliases(town.model):
        town.publish()
        town.point("champion", 1)
    refused = town.ask(rows, explain=explain)
    assert (refused.status_code, words in refused.json()["error"]) == (status, True), refused.text


def test_the_answer_says_the_same_as_the_model_offline(town: Town) -> None:
    from everfit.predictor.explained import explain

    town.publish()
    town.point("champion", 1)
    offline = explain(Predictor.load(town.local()), ROWS)
    for one, other in zip(town.ask(ROWS, explain=True).json()["explanations"], offline, strict=True):
        assert one == pytest.approx(dict(other))
