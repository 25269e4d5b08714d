"""A run that cannot end well is refused before it costs a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from everfit.errors import NotEnoughData, TrainingFailed
from everfit.spec import ModelSpec
from everfit.spec.training import TrainSpec
from everfit.steps.build_features import build_features
from everfit.steps.refuse import refuse_hopeless
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of
from tests.services import Service
from tests.steps.judging import GATES, House, build


@pytest.fixture
def house(tmp_path: Path, mlflow: Service) -> House:
    made = build(tmp_path, mlflow.url)
    made.accept(1, 2, 3)
    return made


def ask(house: House, run: str = "asked") -> None:
    request = TrainRequest(run, "test", until=None, forced=True)
    snapshot = snapshot_of(house.spec, resolve(house.ports, house.spec, request))
    refuse_hopeless(house.ports, house.spec, snapshot, build_features(house.ports, house.spec, snapshot))


def with_training(house: House, algorithm: str, **params: Any) -> None:
    house.spec = house.spec.model_copy(update={"train": TrainSpec(algorithm=algorithm, params=params)})


def test_what_may_end_well_is_not_refused(house: House) -> None:
    ask(house)


@pytest.mark.parametrize(
    ("algorithm", "params", "wanted"),
    [
        ("xgboost", {"min_child_weight": 200}, "xgboost cannot split 1,064 rows even once .* at least 1,600"),
        ("lightgbm", {"min_child_samples": 600}, "lightgbm cannot split 1,064 rows even once .* at least 1,200"),
    ],
)
def test_too_few_rows_for_the_parameters_are_refused(
    house: House, algorithm: str, params: dict[str, Any], wanted: str
) -> None:
    with_training(house, algorithm, **params)
    with pytest.raises(NotEnoughData, match=rf"training is not begun.*{wanted}.*widen the window"):
        ask(house)


@pytest.mark.parametrize(
    ("algorithm", "params"),
    [
        ("xgboost", {"min_child_weight": 133}),
        ("xgboost", {"min_child_weight": 200, "extra": {"scale_pos_weight": 50}}),
        ("lightgbm", {"min_child_samples": 532}),
        ("constant", {}),
    ],
)
def test_rows_that_might_do_are_not_refused(house: House, algorithm: str, params: dict[str, Any]) -> None:
    with_training(house, algorithm, **params)
    ask(house)


def test_the_parameters_that_are_refused_do_learn_nothing(house: House) -> None:
    """The forecast is no more strict than the libraries are."""
    for algorithm, params in {"xgboost": {"min_child_weight": 200}, "lightgbm": {"min_child_samples": 600}}.items():
        with_training(house, algorithm, rounds=5, **params)
        with pytest.raises(TrainingFailed, match="no tree could be split"):
            house.trained(algorithm)


def test_a_holdout_that_no_gate_could_judge_is_refused_with_each_reason(house: House) -> None:
    house.code(SHORT)
    with pytest.raises(NotEnoughData, match="training is not begun") as caught:
        ask(house)
    for gate in ("above_bar", "beats_baseline"):
        assert f"The gate {gate} could pass no candidate: the holdout covers 5 days, and it takes 10" in str(
            caught.value
        )
    assert "not_worse_than_champion" not in str(caught.value)
    assert "A forced run is trained all the same" in str(caught.value)


def test_a_margin_that_the_champion_cannot_be_compared_within_is_refused(house: House) -> None:
    gates = [*GATES["binary"][:3], {"not_worse_than_champion": {"loss": "log_loss", "margin": 0.2}}]
    house.spec = remade(house, gates)
    house.crown(house.trained("first").register().version)
    house.accept(4)
    tight = [{"not_worse_than_champion": {"loss": "log_loss", "margin": 0.0001}}]
    house.spec = remade(house, tight)
    own = r"cannot detect your margin.*0\.0001, and on 532 rows .*the champion's own loss was known to 0\.02 on 532"
    with pytest.raises(NotEnoughData, match=own):
        ask(house)
    judged = house.trained("second").judge()
    assert not judged.promote
    with pytest.raises(NotEnoughData, match=r"cannot detect your margin. It is 0\.0001, and on 532 rows"):
        ask(house, "third")
    house.accept(5)
    with pytest.raises(
        NotEnoughData, match=r"the champion's own loss was known to"
    ):  # the judged one is of another age
        ask(house, "of a newer batch")
    house.spec = remade(house, gates)
    ask(house, "fourth")


def remade(house: House, gates: list[Any]) -> Any:
    """The spec with other gates."""
    said = house.spec.model_dump(mode="json") | {"gates": gates, "folder": house.spec.folder}
    return ModelSpec(**said)


SHORT = """
INPUTS = ["carrier", "distance", "left"]

def rows(tables):
    trips = tables["trips"]
    return trips[(trips["left"].dt.month < 3) | (trips["left"].dt.day <= 5)]

def features(rows, history):
    return rows[["distance", "carrier"]]
"""
