"""Which versions are loaded: they follow the registry's aliases, and a new one replaces the old one in one step."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Protocol

from everfit.errors import DeployError, EverfitError, UnknownName, Unreachable
from everfit.predictor import Predictor, Way, way_of
from everfit.serving.bounds import Bounds, Loading
from everfit.serving.questions import ALIASES
from everfit.values import FileHash, ModelVersion, Route

USUAL = Bounds()

log = logging.getLogger(__name__)


class Source(Protocol):
    """What a server follows: a registry that can be asked what there is, and gives the files of a version."""

    def models(self) -> list[str]:
        """The names of the registered models."""

    def aliases(self, model: str) -> Mapping[str, int]:
        """Every alias of the model with its version."""

    def route(self, model: str) -> Route:
        """Which versions answer whom."""

    def version(self, model: str, number: int) -> ModelVersion:
        """The version's run and files."""

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:
        """A local folder with these files, each checked against its hash."""


@dataclass(eq=False)
class Loaded:
    """A version that can answer, and the way it does, which changes if it turns out to answer otherwise than it
    should."""

    version: int
    predictor: Predictor
    way: Way

    def doubt(self, problem: str) -> None:
        """Go the long way from now on."""
        log.error("version %s answers through pandas from now on: %s", self.version, problem)
        self.way = Way(None, "features through pandas", problem)


@dataclass(frozen=True)
class Shelf:
    """What is loaded of one model by alias, what is wrong with the rest, and who answers whom; replaced whole, never
    changed."""

    by_alias: Mapping[str, Loaded] = field(default_factory=dict)
    problem: str = ""
    route: Route = field(default_factory=lambda: Route(""))

    @property
    def numbers(self) -> dict[str, int]:
        """Alias to version number."""
        return {alias: loaded.version for alias, loaded in self.by_alias.items()}

    def routed(self, alias: str) -> Loaded | None:
        """The version that the route has under the alias; None while it is on its way here, or does not load."""
        loaded = self.by_alias.get(alias)
        return loaded if loaded and loaded.version == self.route.aliases[alias] else None

    @property
    def answering(self) -> dict[str, float]:
        """Which part of the requests that name no alias goes to which alias: what is done, whatever was decided."""
        share = self.route.share if self.routed("challenger") else 0.0
        parts = {"champion": 1 - share, "challenger": share} if "champion" in self.by_alias else {"challenger": share}
        return {alias: part for alias, part in parts.items() if part > 0}

    @property
    def all_problems(self) -> str:
        """What is wrong with what did not load, and with how the rest answers."""
        said = {f"version {one.version}: {one.way.problem}" for one in self.by_alias.values() if one.way.problem}
        return "; ".join(filter(None, (self.problem, *sorted(said))))


class Versions:
    """The loaded versions of the models in `names`, or of all registered models if none are named.

    A request reads one reference and keeps what it got: following the aliases builds a new shelf beside the old one
    and then replaces the reference, so no request waits or fails. What does not load leaves its alias where it was.
    Every file is checked against the SHA-256 that the registry recorded before anything is loaded. A version for which
    there is no room, or that takes too long, does not load.
    """

    def __init__(self, registry: Source, names: Sequence[str] = (), bounds: Bounds = USUAL) -> None:
        self._registry, self._named, self._loading = registry, tuple(names), Loading(bounds)
        self._shelves: Mapping[str, Shelf] = MappingProxyType({name: Shelf() for name in names})
        self._lock = Lock()
        self.away = ""

    @property
    def shelves(self) -> Mapping[str, Shelf]:
        """What is loaded now, by model."""
        return self._shelves

    def get(self, model: str, alias: str) -> Loaded:
        """The version that answers for this alias now; `UnknownName` if there is none."""
        shelf = self._shelves.get(model)
        if shelf is None:
            raise UnknownName("model", model, self._shelves)
        loaded = shelf.by_alias.get(alias)
        if loaded is None:
            raise UnknownName(f"{alias} of {model} here yet: alias", alias, shelf.by_alias)
        return loaded

    def follow(self, model: str) -> Mapping[str, int]:
        """Load what the aliases of one model point to now; returns alias to loaded version.

        Errors: `UnknownName` for a model that is not served here, `Unreachable` when the registry is away,
        `DeployError` when a version does not load; all other aliases have been followed then.
        """
        with self._lock:
            if model not in self._names():
                raise UnknownName("model", model, self._shelves)
            return self._follow(model)

    def look(self) -> None:
        """Follow the aliases of every model; what goes wrong is kept as a problem for /healthz, and in the log."""
        with self._lock:
            try:
                for model in self._names():
                    self._try(model)
                self.away = ""
            except Unreachable as error:
                if not self.away:
                    log.warning("%s", error)
                self.away = str(error)

    def _names(self) -> Sequence[str]:
        return self._named or self._registry.models()

    def _try(self, model: str) -> None:
        try:
            self._follow(model)
        except DeployError as error:
            log.error("%s", error)  # noqa: TRY400 - the message says it all; the trace is of no use to an operator

    def _follow(self, model: str) -> Mapping[str, int]:
        before = self._shelves.get(model, Shelf())
        here = {loaded.version: loaded for loaded in before.by_alias.values()}
        now: dict[str, Loaded] = {}
        problems: list[str] = []
        for alias, number in self._registry.aliases(model).items():
            if alias not in ALIASES:
                continue
            try:
                here[number] = now[alias] = here.get(number) or self._loading.load(model, number, self._load)
            except DeployError as error:
                problems.append(str(error))
                if alias in before.by_alias:
                    now[alias] = before.by_alias[alias]
        shelf = Shelf(MappingProxyType(now), "; ".join(dict.fromkeys(problems)), self._registry.route(model))
        if shelf.numbers != before.numbers:
            log.info("%s now serves %s", model, shelf.numbers or "nothing")
        self._shelves = MappingProxyType({**self._shelves, model: shelf})
        if problems:
            raise DeployError(shelf.problem)
        return shelf.numbers

    def _load(self, model: str, number: int) -> Loaded:
        try:
            version = self._registry.version(model, number)
            folder = self._registry.model_files(version.mlflow_run, version.files)
            self._loading.bounds.check(f"version {number} of {model}", folder)
            predictor = Predictor.load(folder)
            way = way_of(predictor)
        except (Unreachable, DeployError):
            raise
        except EverfitError as error:
            raise DeployError(f"version {number} of {model} does not load: {error}") from error
        log.info("version %s of %s: %s", number, model, "; ".join(filter(None, (way.words, way.problem))))
        return Loaded(number, predictor, way)
