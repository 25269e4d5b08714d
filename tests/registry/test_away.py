from __future__ import annotations

import time
from pathlib import Path

import pytest

from everfit.errors import Unreachable
from everfit.registry import MlflowRegistry
from tests.services import Service

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


def test_a_server_that_dies_in_the_middle_and_comes_back(mlflow: Service, registry: MlflowRegistry) -> None:
    def dying() -> None:
        with registry.run("toy", "first", "run:1") as run:
            ids.append(run.id)
            mlflow.stop()
            run.metrics({"auc": 0.7})

    ids: list[str] = []
    begun = time.monotonic()
    try:
        with pytest.raises(Unreachable, match="when asked to log metrics"):
            dying()
        assert time.monotonic() - begun < SOON
    finally:
        mlflow.start()
    with registry.run("toy", "first", "run:1") as again:
        again.metrics({"auc": 0.7})
    assert again.id == ids[0]
