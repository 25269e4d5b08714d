"""Ports that live in memory: for tests of what stands on them, not of them."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from everfit.errors import Corrupted, DeployError, Unreachable
from everfit.ports import Clock
from everfit.values import Route, StoredFile


def frozen_clock(at: datetime = datetime(2013, 1, 1, tzinfo=UTC)) -> Clock:
    """A clock that always says the same time.

    >>> frozen_clock()().isoformat()
    '2013-01-01T00:00:00+00:00'
    """
    return lambda: at


class TickingClock:
    """A clock that goes on by one second each time it is read."""

    def __init__(self, at: datetime = datetime(2013, 1, 1, tzinfo=UTC)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """The time, one second after the last one that was given."""
        self.at += timedelta(seconds=1)
        return self.at


class MemoryStore:
    """A `Store` in a dict."""

    def __init__(self) -> None:
        self.url = "memory://"
        self.data: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._files = tempfile.TemporaryDirectory(prefix="everfit-")

    def create(self, key: str, data: bytes) -> bool:
        """Write `data` only if nothing is under `key` yet."""
        with self._lock:
            new = key not in self.data
            self.data.setdefault(key, data)
            return new

    def write(self, key: str, data: bytes) -> None:
        """Put `data` under `key`."""
        self.data[key] = data

    def read(self, key: str) -> bytes:
        """The bytes under `key`."""
        if key not in self.data:
            raise FileNotFoundError(f"nothing is under {key}")
        return self.data[key]

    def exists(self, key: str) -> bool:
        """Whether anything is under `key`."""
        return key in self.data

    def delete(self, key: str) -> None:
        """Forget what is under `key`."""
        self.data.pop(key, None)

    def list(self, prefix: str) -> list[str]:
        """The keys under the folder `prefix`."""
        folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        return sorted(key for key in self.data if key.startswith(folder))

    def put_file(self, key: str, path: Path) -> StoredFile:
        """Keep the file's bytes."""
        self.data[key] = path.read_bytes()
        return StoredFile(key, hashlib.sha256(self.data[key]).hexdigest())

    def local_file(self, file: StoredFile) -> Path:
        """A temporary file with the bytes, checked."""
        if hashlib.sha256(self.read(file.key)).hexdigest() != file.sha256:
            raise Corrupted(f"{file.key} is not the file whose hash is {file.sha256}")
        path = Path(self._files.name, file.sha256, Path(file.key).name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.data[file.key])
        return path


class FakeRegistry:
    """The aliases and tags of a `Registry`, in dicts; `down` makes it answer nothing."""

    def __init__(self) -> None:
        self.aliases: dict[tuple[str, str], int] = {}
        self.sets: list[tuple[str, int | None]] = []
        self.tags: dict[tuple[str, int], dict[str, str]] = {}
        self.routes: dict[str, Route] = {}
        self.down = False

    def alias(self, model: str, name: str) -> int | None:
        """The version that the alias points to."""
        self._answer()
        return self.aliases.get((model, name))

    def set_alias(self, model: str, name: str, version: int | None) -> None:
        """Point the alias to the version, or remove it."""
        self._answer()
        self.sets.append((name, version))
        self.aliases.pop((model, name), None)
        if version is not None:
            self.aliases[model, name] = version

    def route(self, model: str) -> Route:
        """The model's route, as it was last set."""
        self._answer()
        return self.routes.get(model, Route(model))

    def set_route(self, route: Route) -> None:
        """Keep the route."""
        self._answer()
        self.routes[route.model] = route

    def tag(self, model: str, version: int, tags: Mapping[str, str]) -> None:
        """Set tags of a version."""
        self._answer()
        self.tags.setdefault((model, version), {}).update(tags)

    def _answer(self) -> None:
        if self.down:
            raise Unreachable("the registry does not answer")


class FakeTarget:
    """A `Target` that serves whatever its registry's aliases say; `broken` versions do not load.

    `scores` maps a version to its answer for each row.
    """

    def __init__(self, registry: FakeRegistry, scores: Mapping[int, Sequence[float]] | None = None) -> None:
        self.registry, self.scores = registry, scores or {}
        self.broken: set[int] = set()
        self.loaded: dict[str, int] = {}

    def follow(self, route: Route) -> Mapping[str, int]:
        """Load what the aliases point to."""
        wanted = {name: version for (of, name), version in self.registry.aliases.items() if of == route.model}
        if bad := self.broken & set(wanted.values()):
            raise DeployError(f"version {min(bad)} does not load")
        self.loaded = wanted
        return wanted

    def predict(self, model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[float]]:
        """The version that the alias has loaded, and its scores for as many rows."""
        if alias not in self.loaded:
            raise DeployError(f"no version of {model} is loaded as {alias}")
        version = self.loaded[alias]
        return version, list(self.scores[version])[: len(rows)]
