"""A store in a local folder: create-if-absent by an exclusive hard link, replacement by rename, both synced to disk."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from everfit.errors import Corrupted, StoreUnsafe, Unreachable
from everfit.stores.place import checked
from everfit.values import FileHash, StoredFile

_CHUNK = 1 << 20
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class LocalStore:
    """Bytes under `root`, safe against any number of processes on the machine and against a crash at any moment.

    A writer that is killed leaves at most a hidden file (`.<name>.<id>.tmp`), which nobody reads or lists.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        self.url = self.root.as_posix()

    def create(self, key: str, data: bytes) -> bool:
        """Write `data` only if nothing is under `key`; a link, unlike a rename, never replaces."""
        path = self._path(key)
        with reaching_disk(path):
            if path.exists():
                return False
            with _half_written(path) as (half, file):
                file.write(data)
                sync(file)
                won = _link(half, path)
            sync_folder(path.parent)
            return won

    def write(self, key: str, data: bytes) -> None:
        """Put `data` under `key`, whole or not at all, replacing what was there."""
        path = self._path(key)
        with reaching_disk(path):
            with _half_written(path) as (half, file):
                file.write(data)
                sync(file)
                half.replace(path)
            sync_folder(path.parent)

    def read(self, key: str) -> bytes:
        """The bytes under `key`."""
        path = self._path(key)
        with reaching_disk(path):
            return path.read_bytes()

    def exists(self, key: str) -> bool:
        """Whether a file is under `key`."""
        path = self._path(key)
        with reaching_disk(path):
            return path.is_file()

    def delete(self, key: str) -> None:
        """Remove the file under `key`, if one is there; the folder that it was in stays."""
        path = self._path(key)
        with reaching_disk(path):
            path.unlink(missing_ok=True)

    def list(self, prefix: str) -> list[str]:
        """The keys under the folder `prefix` ("" for all), sorted; half-written files are not among them."""
        top = self._path(prefix.strip("/")) if prefix.strip("/") else self.root
        found = []
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [Path(folder, name) for name in names if not name.startswith(".")]
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def put_file(self, key: str, path: Path) -> StoredFile:
        """Copy the file under `key`, hashing the very bytes that are written."""
        target = self._path(key)
        with reaching_disk(target), path.open("rb") as source:
            with _half_written(target) as (half, file):
                sha256 = _copy(source, file)
                sync(file)
                half.replace(target)
            sync_folder(target.parent)
        return StoredFile(key, sha256)

    def local_file(self, file: StoredFile) -> Path:
        """The stored file itself, after a look at its hash: read it, do not write to it."""
        path = self._path(file.key)
        with reaching_disk(path):
            found = FileHash.of(path).sha256
        if found != file.sha256:
            raise Corrupted(
                f"{path} has SHA-256 {found}, wanted {file.sha256}; restore it from a backup or make it anew"
            )
        return path

    def _path(self, key: str) -> Path:
        return self.root / checked(key)


@contextmanager
def reaching_disk(path: Path) -> Iterator[None]:
    """Turn the system's errors into ours: `FileNotFoundError` for a missing key, `Unreachable` for all else."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreachable(f"{path}: {error.strerror or error}; look at the disk, its space and its rights") from error


@contextmanager
def _half_written(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new hidden file beside `path`, opened for writing; gone afterwards unless it was renamed."""
    make_folder(path.parent)
    half = path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex}.tmp")
    try:
        with half.open("xb") as file:
            yield half, file
    finally:
        half.unlink(missing_ok=True)


def _link(half: Path, path: Path) -> bool:
    try:
        os.link(half, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise StoreUnsafe(
            f"{path.parent} has no hard links ({error.strerror}), without which two writers could both win; "
            "put the store on a file system that has them, or on S3"
        ) from error
    return True


def _copy(source: BinaryIO, target: BinaryIO) -> str:
    seen = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        seen.update(chunk)
        target.write(chunk)
    return seen.hexdigest()


def sync(file: BinaryIO) -> None:
    """Wait until what was written is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def make_folder(folder: Path) -> None:
    """Make the folder and its parents so that they outlive a power cut: a new name lasts once its parent is synced."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in the folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
