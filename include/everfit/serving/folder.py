"""One model folder in the place of a registry: a candidate is served before anybody has registered it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from everfit.values import FileHash, ModelVersion, Route

VERSION = 0


@dataclass(frozen=True)
class OneFolder:
    """Serves the model in `folder` under `name` as version 0, its champion, for as long as the server runs."""

    name: str
    folder: Path

    def models(self) -> list[str]:
        """The one model."""
        return [self.name]

    def aliases(self, model: str) -> Mapping[str, int]:  # noqa: ARG002 - there is only one
        """It is the champion."""
        return {"champion": VERSION}

    def route(self, model: str) -> Route:
        """Everybody is answered by it."""
        return Route(model, VERSION)

    def version(self, model: str, number: int) -> ModelVersion:
        """Its one version, whose files are taken as they are."""
        return ModelVersion(model, number, "", ())

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:  # noqa: ARG002
        """The folder."""
        return self.folder
