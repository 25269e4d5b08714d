from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from everfit.registry import MlflowRegistry
from everfit.values import ModelVersion
from tests.services import Service, shared_mlflow, shared_model_server
from tests.toy_model import publish, toy_folder

CLIENT = httpx.Client(trust_env=False, timeout=60)


@dataclass(frozen=True)
class Town:
    """A registry and the model server that follows it, for one model."""

    mlflow: Service
    server: Service
    registry: MlflowRegistry
    model: str
    folder: Path

    def publish(self, seed: int = 0, **changes: Any) -> ModelVersion:
        return publish(self.registry, self.local(seed, **changes), self.model, f"run:{seed}")

    def local(self, seed: int = 0, **changes: Any) -> Path:
        folder = self.folder / f"toy-{seed}"
        return folder / "model" if folder.exists() else toy_folder(folder, seed, self.model, **changes)

    def point(self, alias: str, version: int | None) -> httpx.Response:
        self.registry.set_alias(self.model, alias, version)
        return self.refresh()

    def refresh(self) -> httpx.Response:
        return CLIENT.post(f"{self.server.url}/models/{self.model}/refresh")

    def ask(self, rows: Any, **more: Any) -> httpx.Response:
        return CLIENT.post(f"{self.server.url}/predict", json={"model": self.model, "rows": rows} | more)

    def get(self, path: str) -> httpx.Response:
        return CLIENT.get(f"{self.server.url}{path}")


@pytest.fixture
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Town:
    """A town of its own for each test: the servers are shared, the model is not."""
    mlflow, model = shared_mlflow(), request.node.originalname.removeprefix("test_")[:60]
    return Town(mlflow, shared_model_server(), MlflowRegistry(mlflow.url, tmp_path / "work"), model, tmp_path)
