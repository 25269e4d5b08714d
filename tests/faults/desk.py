"""What stands in for MLflow and a model server where thousands of deployments have to fit into a test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from everfit.ledger.reconciler import Aliases
from everfit.values import Answer, Route, dump, load


@dataclass(frozen=True)
class Desk:
    """Aliases and routes as files in a folder, replaced one by one as MLflow replaces rows."""

    root: Path

    def alias(self, _model: str, name: str) -> int | None:
        """The version that the alias points to."""
        try:
            return int((self.root / name).read_text())
        except FileNotFoundError:
            return None

    def set_alias(self, _model: str, name: str, version: int | None) -> None:
        """Point it elsewhere, or remove it."""
        if version is None:
            (self.root / name).unlink(missing_ok=True)
        else:
            self._put(name, str(version))

    def route(self, model: str) -> Route:
        """Who answers whom."""
        try:
            return load(Route, json.loads((self.root / "route").read_text()))
        except FileNotFoundError:
            return Route(model)

    def set_route(self, route: Route) -> None:
        """Keep it."""
        self._put("route", json.dumps(dump(route)))

    def tag(self, _model: str, version: int, tags: Mapping[str, str]) -> None:
        """What is said of a version."""
        self._put(f"tags-{version}", json.dumps(dict(tags)))

    def _put(self, name: str, text: str) -> None:
        new = self.root / f".{name}-{uuid4().hex}"
        new.write_text(text)
        new.replace(self.root / name)


@dataclass(frozen=True)
class Follower:
    """A target that is what the aliases of a registry say at that very moment; every version answers the same."""

    registry: Aliases

    def follow(self, route: Route) -> Mapping[str, int]:
        """Whatever the aliases say is what answers."""
        return {name: version for name in route.aliases if (version := self.registry.alias(route.model, name))}

    def predict(self, model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[Answer]]:
        """One half, from the version of that alias."""
        return self.registry.alias(model, alias) or 0, [0.5] * len(rows)
