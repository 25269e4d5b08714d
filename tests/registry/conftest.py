from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from everfit.registry import MlflowRegistry
from everfit.values import Candidate
from tests.services import Service, shared_mlflow


@pytest.fixture(scope="session")
def mlflow() -> Service:
    return shared_mlflow("registry")


@pytest.fixture
def registry(mlflow: Service, tmp_path: Path) -> MlflowRegistry:
    return MlflowRegistry(mlflow.url, tmp_path / "work")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "model")


def write_folder(folder: Path, seed: int = 0) -> Path:
    """A model folder with a real booster; only its bytes matter here."""
    import numpy as np
    import pandas as pd
    import xgboost

    random = np.random.default_rng(seed)
    x = random.normal(size=(64, 2)).astype(np.float32)
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(x, x.sum(axis=1)), 3)
    (folder / "history").mkdir(parents=True)
    booster.save_model(folder / "model.ubj")
    (folder / "features.py").write_text('INPUTS = ["distance", "carrier"]\n')
    (folder / "everfit.json").write_text('{"model": "toy"}')
    pd.DataFrame({"carrier": ["UA"], "late": [0.25]}).to_parquet(folder / "history" / "carriers.parquet")
    return folder


@pytest.fixture
def example() -> object:
    import pandas as pd

    rows = {
        "distance": [100.0, None],
        "carrier": ["UA", None],
        "time_hour": pd.to_datetime(["2013-01-01", None], utc=True),
        "weekend": pd.array([True, None], dtype="boolean"),
    }
    return pd.DataFrame(rows)


@pytest.fixture
def candidate(registry: MlflowRegistry, folder: Path, example: object) -> Callable[..., Candidate]:
    """Log a model under `model` and return the candidate."""

    def make(model: str, key: str = "run:1", source: Path = folder) -> Candidate:
        with registry.run(model, "a run", key) as run:
            files = registry.log_model(run, source, example)
        return Candidate(model, key, run.id, "5nap5h0t", files, "cpu", 0.1)

    return make
