"""A store of one's own, with some folders that all worlds of a rehearsal share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from everfit.ports import Store
from everfit.values import StoredFile


@dataclass
class Shelves:
    """A `Store` whose keys in the folders `common` are those of the store `shared`; all others are its `own`.

    Common may only be what is named by all that it follows from (a hash of data, code and settings): then it does not
    matter which world made it.
    """

    own: Store
    shared: Store
    common: Sequence[str]

    def __post_init__(self) -> None:
        self.url = self.own.url

    def create(self, key: str, data: bytes) -> bool:
        """Write `data` only if nothing is under `key` yet."""
        return self._of(key).create(key, data)

    def write(self, key: str, data: bytes) -> None:
        """Put `data` under `key`."""
        self._of(key).write(key, data)

    def read(self, key: str) -> bytes:
        """The bytes under `key`."""
        return self._of(key).read(key)

    def exists(self, key: str) -> bool:
        """Whether anything is under `key`."""
        return self._of(key).exists(key)

    def delete(self, key: str) -> None:
        """Remove what is under `key`."""
        self._of(key).delete(key)

    def list(self, prefix: str) -> list[str]:
        """The keys under the folder `prefix`."""
        if prefix.strip("/"):
            return self._of(prefix).list(prefix)
        return sorted([*self.own.list(prefix), *(key for name in self.common for key in self.shared.list(name))])

    def put_file(self, key: str, path: Path) -> StoredFile:
        """Copy the local file under `key`."""
        return self._of(key).put_file(key, path)

    def local_file(self, file: StoredFile) -> Path:
        """A local file with the bytes of `file`, checked."""
        return self._of(file.key).local_file(file)

    def _of(self, key: str) -> Store:
        return self.shared if key.strip("/").partition("/")[0] in self.common else self.own
