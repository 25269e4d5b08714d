"""A real server gives the declared answer to every odd request, and says so."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everfit.predictions import find
from everfit.spec import AnswersSpec
from everfit.stores import LocalStore
from tests.serving.conftest import CLIENT, Town
from tests.serving.test_keeping import HEADER, keeping
from tests.toy_model import ROWS

GOOD = ROWS[0]
LATE = {**GOOD, "hour": 99}


def serve(town: Town, **answers: Any) -> Callable[[Any], httpx.Response]:
    """A champion with these answers, its predecessor with the usual ones."""
    town.publish(1, answers=AnswersSpec())
    town.publish(2, answers=AnswersSpec(**answers))
    town.point("previous", 1)
    town.point("champion", 2)
    return town.ask


ODD = {
    "empty": dict.fromkeys(GOOD),
    "missing_feature": {"hour": 6, "carrier": "UA"},
    "wrong_type": {**GOOD, "hour": "six"},
    "missing_value": {**GOOD, "leaves": None},
    "unseen_category": {**GOOD, "carrier": "ZZ"},
    "out_of_range": LATE,
    "out_of_distribution": {**LATE, "carrier": "ZZ"},
    "low_confidence": GOOD,
}
BAR = {"confidence": 0.999}


@pytest.mark.parametrize("action", ["refuse", "flag", "abstain", "previous", "constant"])
def test_each_finding_has_each_declared_answer(town: Town, action: str):
    """All findings are declared alike, so that rows with two of them are answered as each would be alone."""
    town = replace(town, model=f"declared_{action}")
    findings = dict.fromkeys(ODD, action)
    ask = serve(town, **findings, **BAR, **({"constant": 0.125} if action == "constant" else {}))
    own = {name: town.ask([row], alias="previous").json().get("predictions") for name, row in ODD.items()}
    for name, row in ODD.items():
        answer = ask([row])
        said = answer.json()
        if action == "refuse":
            assert answer.status_code == 422, name
            assert "row 0" in said["error"], name
            continue
        assert answer.status_code == 200, name
        assert any(flag.partition(":")[0] == name for flag in said["flags"][0]), (name, said)
        match action:
            case "flag":
                assert isinstance(said["predictions"][0], float)
                assert not {"abstained", "answered_by"} & set(said)
            case "abstain":
                assert (said["predictions"], said["abstained"]) == ([None], [0])
            case "previous":
                assert said["predictions"] == (own[name] or [None]), name
                assert said.get("answered_by") == ([1] if own[name] else None), name
            case "constant":
                assert (said["predictions"], said["answered_by"]) == ([0.125], ["constant"])


def test_one_odd_row_among_good_ones_changes_nothing_for_them(town: Town):
    ask = serve(town, out_of_range="previous")
    alone = ask([GOOD]).json()
    assert set(alone) == {"model", "version", "alias", "predictions"}
    said = ask([GOOD, LATE, ROWS[1]]).json()
    assert said["predictions"][0] == alone["predictions"][0]
    assert said["predictions"][1] == town.ask([LATE], alias="previous").json()["predictions"][0]
    assert said["answered_by"] == [2, 1, 2]
    assert said["flags"] == [[], ["out_of_range:hour", "answered_by:1"], []]


def test_who_asks_the_predecessor_itself_gets_no_third_answer(town: Town):
    town.publish(1, answers=AnswersSpec(out_of_range="previous"))
    town.point("champion", 1)
    town.point("previous", 1)
    assert town.ask([LATE]).json()["predictions"] == [None]


def test_flags_are_kept_with_the_answer(town: Town, tmp_path: Path):
    town.registry.set_alias(town.model, "champion", town.publish(answers=AnswersSpec(out_of_range="abstain")).version)
    with keeping(town, tmp_path) as server:
        asked = {"model": town.model, "rows": [GOOD, LATE]}
        answer = CLIENT.post(f"{server.url}/predict", json=asked)
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGTERM)
        server.process.wait(30)
    kept = find(LocalStore(tmp_path / "store"), town.model, answer.headers[HEADER])
    assert kept is not None
    assert kept.scores == answer.json()["predictions"] == [answer.json()["predictions"][0], None]
    assert kept.flags == [[], ["out_of_range:hour", "abstained"]]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
VALUES = {
    "hour": st.integers(-5, 30) | ANY,
    "carrier": st.sampled_from(["UA", "ZZ"]) | ANY,
    "leaves": st.datetimes().map(str) | ANY,
}
ROWS_OF = st.lists(st.fixed_dictionaries({}, optional={**VALUES, "other": ANY}), max_size=3)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS_OF)
def test_any_rows_get_a_declared_answer(town: Town, rows: list[dict[str, Any]]):
    if not town.registry.aliases(town.model):
        serve(town, missing_value="abstain", out_of_range="previous", unseen_category="constant", constant=0.5)
    answer = town.ask(rows)
    said = answer.json()
    if answer.status_code == 422:
        assert said["error"].startswith(("row", "column"))
        return
    assert answer.status_code == 200
    assert len(said["predictions"]) == len(rows)
    flags = said.get("flags", [[]] * len(rows))
    for prediction, of_row in zip(said["predictions"], flags, strict=True):
        assert (prediction is None) == ("abstained" in of_row)
