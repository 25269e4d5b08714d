"""A registry in a folder: what MLflow is to production, without a server to wait for.

Runs and model files lie in a folder that all worlds share, for a run's name says all that it follows from. Versions,
aliases and the route are the world's own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from everfit.errors import Corrupted
from everfit.ports import Run
from everfit.registry.package import check_files, check_names, hash_folder
from everfit.values import Batch, Candidate, FileHash, ModelVersion, Route, digest

MODEL, KEPT = "model", "files"


@dataclass
class FolderRun:
    """A run: a folder with the files that were kept, its parameters and its tags. Metrics and curves are for people
    who look at MLflow, and there are none here."""

    id: str
    folder: Path

    def params(self, values: Mapping[str, Any]) -> None:
        """Keep parameters."""
        self._add("params.json", {name: str(value) for name, value in values.items()})

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Nobody looks at them."""

    def curves(self, values: Mapping[str, Sequence[float]], begin: int = 0) -> None:
        """Nobody looks at them."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Keep tags."""
        self._add("tags.json", values)

    def artifact(self, path: Path, folder: str = "") -> None:
        """Keep a local file or folder."""
        into = self.folder / KEPT / folder
        into.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, into, dirs_exist_ok=True)
        else:
            shutil.copyfile(path, into / path.name)

    def dataset(self, snapshot_id: str, batches: Sequence[Batch], context: str) -> None:
        """The ledger has them."""

    def read(self, name: str) -> dict[str, str]:
        """The parameters or tags that are kept in the file of that name."""
        path = self.folder / name
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def _add(self, name: str, values: Mapping[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(json.dumps({**self.read(name), **values}, sort_keys=True), encoding="utf-8")


@dataclass(frozen=True)
class FolderRegistry:
    """A `Registry` with its runs in the folder `runs`; the rest is in memory, as long as the world is played."""

    runs: Path
    versions: list[ModelVersion] = field(default_factory=list)
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)

    @contextmanager
    def run(self, model: str, name: str, key: str) -> Iterator[Run]:  # noqa: ARG002 - the key is name enough
        """The run whose key is `key`; its id follows from that, so that it is the same in every world."""
        yield self._run(digest([model, key])[:32])

    def measure(self, mlflow_run: str, metrics: Mapping[str, float]) -> None:
        """Nobody looks at them."""

    def log_model(self, run: Run, folder: Path, example: Any) -> tuple[FileHash, ...]:  # noqa: ARG002 - for MLflow's page
        """Keep the model folder as the run's one model."""
        into = self._run(run.id).folder / MODEL
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(folder, into)
        return hash_folder(into)

    def register(self, candidate: Candidate, tags: Mapping[str, str]) -> ModelVersion:  # noqa: ARG002 - the ledger has them
        """Make the candidate a version of its model; the same candidate gives the same version again."""
        mine = [one for one in self.versions if one.model == candidate.model]
        made = next((one for one in mine if one.mlflow_run == candidate.mlflow_run), None)
        if made is None:
            made = ModelVersion(candidate.model, len(mine) + 1, candidate.mlflow_run, candidate.files)
            self.versions.append(made)
        return made

    def alias(self, model: str, name: str) -> int | None:
        """The version that the alias points to."""
        return self.aliases.get((model, name))

    def set_alias(self, model: str, name: str, version: int | None) -> None:
        """Point the alias to the version, or remove it with None."""
        self.aliases.pop((model, name), None)
        if version is not None:
            self.aliases[model, name] = version

    def route(self, model: str) -> Route:
        """The model's route, as it was last set."""
        return self.routes.get(model, Route(model))

    def set_route(self, route: Route) -> None:
        """Keep the route."""
        self.routes[route.model] = route

    def tag(self, model: str, version: int, tags: Mapping[str, str]) -> None:
        """What is said of a version is in the ledger."""

    def run_file(self, mlflow_run: str, name: str) -> bytes:
        """A file that was kept with the run; `Corrupted` if it is not there."""
        path = self._run(mlflow_run).folder / KEPT / name
        if not path.is_file():
            raise Corrupted(f"the rehearsal's run {mlflow_run} has no {name}: delete the cache, and play again")
        return path.read_bytes()

    def run_params(self, mlflow_run: str) -> Mapping[str, str]:
        """The parameters of the run."""
        return self._run(mlflow_run).read("params.json")

    def run_tags(self, mlflow_run: str) -> Mapping[str, str]:
        """The tags of the run."""
        return self._run(mlflow_run).read("tags.json")

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:
        """The run's model, checked against these hashes."""
        check_names(files)
        folder = self._run(mlflow_run).folder / MODEL
        check_files(folder, files, f"the rehearsal's model {folder}")
        return folder

    def fetch_model(self, mlflow_run: str, files: Sequence[FileHash], into: Path) -> Path:
        """A copy of it in the folder `into`."""
        return Path(shutil.copytree(self.model_files(mlflow_run, files), into / MODEL))

    def run_url(self, mlflow_run: str) -> str:
        """Where the run lies."""
        return self._run(mlflow_run).folder.as_uri()

    def _run(self, id_: str) -> FolderRun:
        return FolderRun(id_, self.runs / id_)
