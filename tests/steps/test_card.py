"""The card of a real candidate: what the evaluation leaves for it, and that ledger and store alone make it again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any, cast

import pytest

from everfit.errors import Corrupted, DataError, UnknownName
from everfit.plots.card.panels import Panel
from everfit.steps.card import card, judged_run, report_key
from everfit.steps.explaining import explanation_key, explanation_of
from everfit.steps.readiness import score
from everfit.stores import LocalStore
from tests.steps.judging import House, Trained, build

PARTS = [
    "answers_sanely",
    {"above_bar": {"metric": "auc", "at_least": 0.6}},
    {"not_worse_than_champion": {"loss": "log_loss", "margin": 0.02}},
]


@pytest.fixture(scope="module")
def second(tmp_path_factory, mlflow) -> Trained:
    """A second candidate, judged against a champion."""
    house = build(tmp_path_factory.mktemp("second"), mlflow.url, gates=PARTS)
    house.accept(1, 2, 3)
    house.crown(house.trained("first").register().version)
    house.accept(4)
    trained = house.trained("second")
    trained.judge()
    return trained


def alone(house: House, root: Any) -> House:
    """The same with a copy of the store, and nothing else in the world."""
    shutil.copytree(house.root / "store", root / "store")
    nothing = cast("Any", dict.fromkeys(("landing", "data", "registry", "target")))
    ports = replace(house.ports, **nothing, store=LocalStore(root / "store"), work=root / "work")
    ports.work.mkdir()
    return replace(house, root=root, ports=ports)


def test_ledger_and_store_alone_make_the_same_card_again(second: Trained, tmp_path) -> None:
    house, name = second.house, second.house.spec.name
    away = alone(house, tmp_path)
    again = card(away.ports, away.spec, "second")
    assert again.encode() == house.ports.store.read(report_key(name, "second"))
    assert len(again) < 200_000
    first = card(away.ports, away.spec, "first")
    assert "there is no champion yet" in first
    assert first != again


def test_it_tells_what_was_known_then(second: Trained) -> None:
    """What the ledger says since does not change the card of an earlier judgement."""
    house = second.house
    before = card(house.ports, house.spec, "first")
    assert "version 1" not in before
    assert "no champion was measured" in before
    now = score(house.ports, house.spec.name, house.ledger.view(), "second")
    assert now.points <= 7


def test_the_explanation_is_of_this_very_model(second: Trained) -> None:
    found = explanation_of(second.house.ports, second.house.spec.name, "second")
    assert found is not None
    names = {one.name for one in found.effects}
    assert names == {"distance", "carrier", "hour", "hours" if "hours" in names else "late"}
    assert sum(one.gain for one in found.effects) == pytest.approx(1)
    told = {one.name: one for one in found.effects}
    assert told["distance"].direction > 0.8, "a longer trip is later"  # type: ignore[operator]
    assert [name for name, push in told["carrier"].pushes if push > 0] == ["WN"], "the carrier that is often late"
    assert found.rows == 532
    curves = [panel for panel in found.curves if isinstance(panel, Panel)]
    assert [panel.name for panel in curves] == ["roc", "precision", "reliability", "scores"]
    assert {one.who for one in curves[0].series} == {"candidate", "champion"}
    assert found.parts is not None
    assert {one.column for one in found.parts.shown} <= {"carrier", "distance", "left"}
    assert found.made_with.algorithm == "xgboost"
    assert found.made_with.packages > 100


def test_what_is_gone_is_left_out_and_said(second: Trained, tmp_path) -> None:
    away = alone(second.house, tmp_path)
    name = away.spec.name
    away.ports.store.delete(explanation_key(name, "second"))
    left = card(away.ports, away.spec, "second")
    assert "not in the store (any more)" in left
    assert "is <em>" in left
    away.ports.store.delete(f"evidence/{name}/second-evaluation.json")
    with pytest.raises(Corrupted, match=r"the evaluation of run 'second' is not in the store any more"):
        card(away.ports, away.spec, "second")


def test_an_algorithm_that_explains_nothing_says_so(tmp_path, mlflow) -> None:
    house = build(tmp_path, mlflow.url, gates=[{"above_bar": {"metric": "brier", "at_most": 0.3}}])
    house.accept(1, 2, 3)
    train = type(house.spec.train)(algorithm="constant")
    house.spec = house.spec.model_copy(update={"train": train})
    house.trained("flat").judge()
    assert "The algorithm constant does not say what made its answers." in card(house.ports, house.spec, "flat")


def test_another_run_is_no_judged_run(second: Trained, tmp_path, mlflow) -> None:
    house = second.house
    assert judged_run(house.ports, house.spec.name) == "second"
    with pytest.raises(UnknownName, match=r"there is no judged run of .* 'secnd'; did you mean 'second'"):
        card(house.ports, house.spec, "secnd")
    empty = build(tmp_path, mlflow.url)
    with pytest.raises(DataError, match=r"no candidate of .* was judged yet"):
        judged_run(empty.ports, empty.spec.name)
