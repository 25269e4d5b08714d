"""Deploying to another target than our own server: trial, promotion and the way back, as plain files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from everfit.errors import DeployError
from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import load_spec
from everfit.stores import LocalStore
from everfit.targets.s3_bundle import S3Bundle
from everfit.testing.fakes import TickingClock
from tests.services import shared_mlflow
from tests.steps.test_deploy import House


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> House:
    spec = load_spec("flight_delays").model_copy(update={"name": request.node.originalname[5:65]})
    registry = MlflowRegistry(shared_mlflow().url, tmp_path / "work")
    ports = Ports(
        store=LocalStore(tmp_path / "store"),
        landing=None,
        data=None,
        registry=registry,
        target=S3Bundle(LocalStore(tmp_path / "bundles"), registry),
        clock=TickingClock(),
        work=tmp_path / "work",
    )
    return House(ports, spec, tmp_path)


def test_files_follow_trial_promotion_and_the_way_back(house: House) -> None:
    house.deploy(house.challenger(0, None))
    assert house.serving() == 1
    house.deploy(house.challenger(1, against=1))
    assert house.serving() == 2
    with pytest.raises(DeployError, match="version 3 answers differently than offline"):
        house.deploy(house.challenger(2, against=2, off=1e-3))
    said = json.loads((house.root / "bundles" / house.spec.name / "route.json").read_bytes())
    assert {alias: bundle["version"] for alias, bundle in said["bundles"].items()} == {"champion": 2, "previous": 1}
    house.roll_back()
    assert house.serving() == 1
