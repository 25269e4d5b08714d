"""One model folder in the place of a registry: a candidate is served before anybody has registered it.

A folder with a `bundle.json` in it holds a registered version (see `everfit.targets.bundles`): it is served under its
number, and only if every file has the SHA-256 that is written there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from everfit.errors import Corrupted
from everfit.targets.bundles import FILE, Bundle
from everfit.values import FileHash, ModelVersion, Route

VERSION = 0


@dataclass(frozen=True)
class OneFolder:
    """Serves the model in `folder` under `name` as its champion, for as long as the server runs."""

    name: str
    folder: Path

    @cached_property
    def bundle(self) -> Bundle:
        """What the folder says it is; a candidate is version 0, and its files are taken as they are."""
        path = self.folder / FILE
        return Bundle.read(path.read_bytes(), str(path)) if path.exists() else Bundle(self.name, VERSION, ())

    def models(self) -> list[str]:
        """The one model."""
        return [self.name]

    def aliases(self, model: str) -> Mapping[str, int]:  # noqa: ARG002 - there is only one
        """It is the champion."""
        return {"champion": self.bundle.version}

    def route(self, model: str) -> Route:
        """Everybody is answered by it."""
        return Route(model, self.bundle.version)

    def version(self, model: str, number: int) -> ModelVersion:
        """Its one version."""
        return ModelVersion(model, number, "", self.bundle.files)

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:  # noqa: ARG002
        """The folder, if its files are the ones that it names."""
        for file in files:
            path = self.folder / file.name
            found = FileHash.of(path).sha256 if path.is_file() else "none"
            if found != file.sha256:
                raise Corrupted(f"{path} has SHA-256 {found[:12]}, recorded was {file.sha256[:12]}: do not load it")
        return self.folder
