"""Rollouts in stages, in memory: what each look does, and that a crash anywhere equals no crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import DeployError, FencedOut, NotApproved, StaleHead
from everfit.ledger.entries import (
    Deployed,
    DeploymentFailed,
    DeploymentOvertaken,
    DeploymentStarted,
    Promoted,
    StageEntered,
)
from everfit.spec import load_spec
from everfit.spec.building import strategy_from
from everfit.steps.rollout import stop
from everfit.values import Route
from tests.steps.mortal import Crash, counting, mortal
from tests.steps.rolling import BEGIN, Stand, stand

PLAN: list[Any] = [
    {"shadow": {"at_least": "5m", "at_most": "2h", "answers": 50}},
    {"canary": {"steps": [5, 50], "bake": "5m", "at_most": "12h", "answers": 20}},
]
STAGES = (DeploymentStarted, StageEntered, DeploymentFailed, Promoted)

Make = Callable[..., Stand]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(*rollout: Any) -> Stand:
        spec = load_spec("flight_delays").model_copy(update={"rollout": tuple(map(strategy_from, rollout))})
        found = stand(tmp_path, spec)
        found.champion()
        found.version(2, 1)
        return found

    return made


def to_the_end(at: Stand, most: int = 60, **traffic: Any) -> Any:
    for _ in range(most):
        standing = at.look()
        if standing.done:
            return standing
        at.traffic(500, **traffic)
    raise AssertionError(standing)


def test_without_stages_it_is_at_once(make: Make) -> None:
    at = make()
    standing = at.look()
    assert (standing.outcome, standing.done, standing.again) == ("champion", True, None)
    assert at.route == Route("flight_delays", 2, 1)
    assert at.look() == standing


def test_a_good_challenger_goes_through_all_stages(make: Make) -> None:
    at = make(*PLAN)
    begun = at.look()
    assert (begun.outcome, begun.stage) == ("goes on", "shadow")
    assert begun.again == BEGIN.replace(minute=5)
    assert at.route == Route(
        "flight_delays", 1, None, 2, salt=f"flight_delays:{begun.entry.body.intent}", shadows=("challenger",)
    )
    waits = at.look()
    assert (waits.outcome, waits.entry) == ("goes on", begun.entry)
    assert "0 answers" in waits.words
    at.traffic(200)
    assert at.look().stage == "canary 5 %"
    assert (at.route.share, at.route.shadows) == (0.05, ())
    end = to_the_end(at)
    assert end.outcome == "champion"
    assert at.route == Route("flight_delays", 2, 1, shadows=("previous",))
    kinds = ["deployment_started", "promoted", "deployment_started", *["stage_entered"] * 3, "promoted"]
    assert at.kinds(*STAGES) == kinds
    (shadow, five, half), (_, promoted) = at.ledger.view().of(StageEntered), at.ledger.view().of(Promoted)
    assert shadow.body.evidence is None
    for entry in (five, half, promoted):
        kept = json.loads(at.ports.store.read(entry.body.evidence.key))
        assert kept["then"] == "go on"
        assert kept["found"]["outcome"] in ("passed", "cannot tell")
        assert kept["segments"]
    assert at.look() == end
    assert at.look(attempt="run#2") == end


@pytest.mark.parametrize(
    ("rollout", "harm", "where"),
    [
        (PLAN[:1], {"worse": 0.35}, "shadow"),
        (PLAN[1:], {"broken": 0.5}, "canary 5 %"),
        ([{"canary": {"steps": [50], "bake": "5m", "answers": 20}}], {"worse": 0.35}, "canary 50 %"),
        (["blue_green"], {"broken": 0.3}, "blue/green"),
        ([{"ab": {"key": "carrier", "share": 30}}], {"worse": 0.35}, "a/b 30 %"),
    ],
)
def test_harm_sends_everybody_back_at_once(make: Make, rollout: list[Any], harm: dict[str, Any], where: str) -> None:
    at = make(*rollout)
    end = to_the_end(at, **harm)
    assert end.outcome == "stopped"
    assert at.ledger.view().of(StageEntered)[-1].body.name == where
    (failed,) = at.ledger.view().of(DeploymentFailed)
    assert failed.body.reason == end.words
    assert json.loads(at.ports.store.read(failed.body.evidence.key))["found"]["outcome"] == "failed"
    assert at.route == Route("flight_delays", 1)
    assert at.look(attempt="run#2") == end
    assert at.look(attempt="another#1").stage == where


def test_blue_green_answers_everybody_and_keeps_the_old_one_in_the_shadow(make: Make) -> None:
    at = make({"blue_green": {"watch": "5m", "answers": 20}})
    at.look()
    assert (at.route.share, at.route.shadows) == (1.0, ("champion",))
    assert to_the_end(at).outcome == "champion"


@pytest.mark.parametrize(("otherwise", "outcome"), [("keep_back", "stopped"), ("promote", "champion")])
def test_who_cannot_tell_at_the_end_does_what_was_declared(make: Make, otherwise: str, outcome: str) -> None:
    at = make({"canary": {"steps": [50], "bake": "5m", "at_most": "1h", "otherwise": otherwise}})
    at.look()
    at.clock.later(minutes=59)
    assert at.look().outcome == "goes on"
    at.clock.later(minutes=1)
    end = at.look()
    assert end.outcome == outcome
    assert at.ledger.view().champion == (2 if outcome == "champion" else 1)


def test_a_person_stops_it(make: Make) -> None:
    at = make(*PLAN)
    assert stop(at.ports, at.spec, "no", "ann") is None
    at.look()
    failed = stop(at.ports, at.spec, "people complain", "ann")
    assert failed
    assert failed.body.reason == "stopped by ann: people complain"
    assert at.route == Route("flight_delays", 1)
    assert at.look().outcome == "stopped"


def test_another_champion_makes_the_evidence_stale(make: Make) -> None:
    at = make(*PLAN)
    at.look()
    at.version(3, 1)
    direct = replace(at, spec=at.spec.model_copy(update={"rollout": ()}))
    direct.look(3, "other#1")
    with pytest.raises(StaleHead, match="version 2 was judged against champion 1, but the champion is 3 now"):
        at.look()
    assert at.route.share == 0
    assert at.route.champion == 3
    assert at.kinds(DeploymentOvertaken) == ["deployment_overtaken"]


def test_an_old_attempt_is_fenced_off(make: Make) -> None:
    at = make(*PLAN)
    at.look(attempt="run#1")
    at.look(attempt="run#2")
    with pytest.raises(FencedOut, match="was replaced by attempt 'run#2'"):
        at.look(attempt="run#1")


def test_people_have_to_agree_first(make: Make) -> None:
    from everfit.spec import ApprovalSpec, PromotionSpec

    at = make(*PLAN)
    at.spec = at.spec.model_copy(update={"promotion": PromotionSpec(approval=ApprovalSpec())})
    with pytest.raises(NotApproved, match="nobody has asked them yet"):
        at.look()
    assert at.route == Route("flight_delays", 1)
    assert len(at.kinds(DeploymentStarted)) == 1


def test_a_version_that_does_not_load_ends_it(make: Make) -> None:
    at = make(*PLAN)
    at.look()
    at.ports.target.broken.add(2)  # type: ignore[attr-defined]
    with pytest.raises(DeployError, match="version 2 does not load"):
        at.look()
    assert at.route == Route("flight_delays", 1)
    assert at.look().outcome == "stopped"


def test_a_crash_at_any_moment_equals_no_crash(make: Make) -> None:
    """The same looks at the same evidence, each of which dies at one of its effects and is taken again."""
    ends = {}
    for moment in range(40):
        at = make({"shadow": {"at_least": "5m", "answers": 50}}, {"blue_green": {"watch": "5m", "answers": 50}})
        attempt = "run#1"
        for look in range(3):
            if look:
                at.traffic(150)
            dying = mortal(
                at.ports, counting(moment), store=("create", "put_file"), registry=("set_alias", "set_route"),
                target=("follow", "predict"),
            )  # fmt: skip
            try:
                at.look(attempt=attempt, ports=dying)
            except Crash:
                ends[moment] = True
                attempt = f"run#{look + 2}" if moment % 2 else attempt
                at.look(attempt=attempt)
        for _ in range(2):
            at.look(attempt=attempt)
        assert at.route == Route("flight_delays", 2, 1, shadows=("previous",))
        kinds = ["deployment_started", "promoted", "deployment_started", *["stage_entered"] * 2, "promoted"]
        assert at.kinds(*STAGES) == kinds
        assert len(at.kinds(Deployed)) == 2
        if not ends.get(moment):
            break
    assert len(ends) >= 14
