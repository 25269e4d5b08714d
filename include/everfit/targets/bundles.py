"""A version's files in a store, byte for byte as they were registered: written once, and whole once `bundle.json` is.

<model>/<version>/features.py, model.ubj, history/..., everfit.json
<model>/<version>/bundle.json      written last: the version, and name, SHA-256 and size of every other file
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from everfit.errors import Corrupted, DeployError, EverfitError, Unreachable
from everfit.ports import Store
from everfit.values import FileHash, ModelVersion, Route, canonical, dump, load

FILE = "bundle.json"


class Versions(Protocol):
    """What a target asks of the registry: it knows versions, and gives their files."""

    def version(self, model: str, number: int) -> ModelVersion:
        """The version's run and files."""

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:
        """A local folder with these files, each checked against its hash."""

    def route(self, model: str) -> Route:
        """Which versions answer whom."""


@dataclass(frozen=True)
class Bundle:
    """What `bundle.json` says: which version the folder holds, and every file of it."""

    model: str
    version: int
    files: tuple[FileHash, ...]

    @property
    def folder(self) -> str:
        """The key of the folder that it is kept in."""
        return f"{self.model}/{self.version}"

    def to_bytes(self) -> bytes:
        """As JSON, with one spelling only."""
        return canonical(dump(self))

    @classmethod
    def read(cls, data: bytes, where: str) -> Bundle:
        """What the bytes of a `bundle.json` say; `Corrupted` if they are none."""
        try:
            return load(cls, json.loads(data))
        except ValueError as error:
            raise Corrupted(f"{where} does not describe a bundle: {error}") from error


def nothing(folder: Path) -> None:
    """No check of a folder of model files."""


def put(store: Store, registry: Versions, model: str, number: int, check: Callable[[Path], object] = nothing) -> Bundle:
    """Have the version's files in the store, and say which they are; a version that is there whole is left alone.

    The registry is asked for a version that is new here, and for no other: going back works while it is away. `check`
    looks at the local folder before anything is written. Errors: `DeployError` if the registry has no such version or
    other bytes, or if the check or the store find some; `Unreachable`.
    """
    with loading(model, number):
        kept = kept_bundle(store, model, number)
        return kept or _write(store, registry.version(model, number), registry, check)


def kept_bundle(store: Store, model: str, number: int) -> Bundle | None:
    """The version's bundle, None if it is not in the store, or not whole."""
    key = f"{model}/{number}/{FILE}"
    return Bundle.read(store.read(key), f"{store.url}/{key}") if store.exists(key) else None


@contextmanager
def loading(model: str, number: int) -> Iterator[None]:
    """Whatever is wrong with a version is a `DeployError`; what is away stays `Unreachable`."""
    try:
        yield
    except (Unreachable, DeployError):
        raise
    except (EverfitError, FileNotFoundError) as error:
        raise DeployError(f"version {number} of {model} does not load: {error}") from error


def _write(store: Store, version: ModelVersion, registry: Versions, check: Callable[[Path], object]) -> Bundle:
    local = registry.model_files(version.mlflow_run, version.files)
    check(local)
    bundle = Bundle(version.model, version.version, version.files)
    for file in version.files:
        key = f"{bundle.folder}/{file.name}"
        if not store.create(key, (local / file.name).read_bytes()):
            found = hashlib.sha256(store.read(key)).hexdigest()
            if found != file.sha256:
                raise Corrupted(
                    f"{store.url}/{key} has SHA-256 {found[:12]}…, recorded was {file.sha256[:12]}…: find out who wrote"
                    f" it, and remove {bundle.folder}/ there so that it is written anew"
                )
    store.create(f"{bundle.folder}/{FILE}", bundle.to_bytes())
    return bundle
