"""A registry of real model folders in memory, and worlds to deploy them to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from everfit.errors import UnknownName
from everfit.predictor import Predictor
from everfit.registry.package import hash_folder
from everfit.targets.s3_bundle import answers
from everfit.values import Answer, FileHash, ModelVersion, Route
from tests.toy_model import ROWS, toy_folder


@cache
def trained(seed: int) -> Path:
    return toy_folder(Path(mkdtemp(prefix="everfit-toy-")) / f"toy-{seed}", seed)


@dataclass
class Shelf:
    """A registry as targets see it; `asked` counts what it was asked for."""

    folder: Path
    folders: dict[int, Path] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    asked: int = 0

    def publish(self) -> int:
        number = len(self.folders) + 1
        self.folders[number] = trained(number)
        return number

    def publish_broken(self) -> int:
        """A version whose feature code is no Python."""
        import shutil

        number = len(self.folders) + 1
        self.folders[number] = Path(shutil.copytree(trained(1), self.folder / f"broken-{number}"))
        (self.folders[number] / "features.py").write_text("INPUTS = [")
        return number

    def version(self, model: str, number: int) -> ModelVersion:
        self.asked += 1
        if number not in self.folders:
            raise UnknownName(f"version of {model}", str(number), map(str, self.folders))
        return ModelVersion(model, number, str(number), hash_folder(self.folders[number]))

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:
        return self.folders[int(mlflow_run)]

    def route(self, model: str) -> Route:
        return self.routes.get(model, Route(model))

    def decide(self, route: Route) -> None:
        self.routes[route.model] = route

    def rows(self) -> Sequence[Mapping[str, Any]]:
        return ROWS

    def offline(self, version: int) -> list[Answer]:
        return answers(Predictor.load(self.folders[version]), ROWS)
