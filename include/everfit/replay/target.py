"""A target without a server: the versions of a route, loaded here, answer as the model server would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from everfit.errors import DeployError, EverfitError
from everfit.replay.registry import FolderRegistry
from everfit.values import Answer, Route

if TYPE_CHECKING:
    from everfit.predictor import Predictor


@dataclass(frozen=True)
class InProcess:
    """A `Target` that serves the versions of `registry` from memory."""

    registry: FolderRegistry
    loaded: dict[int, Predictor] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)

    def follow(self, route: Route) -> Mapping[str, int]:
        """Load what the route names; `DeployError` if a version does not load, and then nothing has changed."""
        wanted = {alias: version for alias, version in route.aliases.items() if version is not None}
        for version in wanted.values():
            self.version(route.model, version)
        self.routes[route.model] = route
        return wanted

    def predict(self, model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[Answer]]:
        """The version under the alias, and its answer to each row."""
        version = self.routes.get(model, Route(model)).aliases.get(alias)
        if version is None:
            raise DeployError(f"no version of {model} is loaded as {alias}")
        return version, self.version(model, version).answers_to(rows)

    def version(self, model: str, version: int) -> Predictor:
        """A version, loaded once."""
        if version not in self.loaded:
            from everfit.predictor import Predictor

            made = next(one for one in self.registry.versions if (one.model, one.version) == (model, version))
            try:
                self.loaded[version] = Predictor.load(self.registry.model_files(made.mlflow_run, made.files))
            except EverfitError as error:
                raise DeployError(f"version {version} of {model} does not load: {error}") from error
        return self.loaded[version]
