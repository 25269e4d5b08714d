from __future__ import annotations

import time
from pathlib import Path

import pytest

from everfit.errors import Unreachable
from everfit.registry import MlflowRegistry
from tests.services import mlflow_server

SOON = 12


@pytest.fixture
def nobody(tmp_path: Path) -> MlflowRegistry:
    return MlflowRegistry("http://127.0.0.1:9", tmp_path)


def test_a_server_that_is_away_is_told_at_once(nobody: MlflowRegistry) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=r"MLflow at http://127.0.0.1:9 .* Is it running"), nobody.run("m", "n", "k"):
        pass
    with pytest.raises(Unreachable, match="did not answer"):
        nobody.alias("m", "champion")
    with pytest.raises(Unreachable, match="did not answer"):
        nobody.set_alias("m", "champion", 1)
    assert time.monotonic() - begun < SOON


def test_a_server_that_dies_in_the_middle_and_comes_back(tmp_path: Path) -> None:
    with mlflow_server(tmp_path / "mlflow") as mlflow:
        registry = MlflowRegistry(mlflow.url, tmp_path / "work")
        with pytest.raises(Unreachable, match="when asked to log metrics"), registry.run("toy", "first", "run:1") as run:
            mlflow.stop()
            begun = time.monotonic()
            run.metrics({"auc": 0.7})
        assert time.monotonic() - begun < SOON
        mlflow.start()
        with registry.run("toy", "first", "run:1") as again:
            again.metrics({"auc": 0.7})
        assert again.id == run.id
