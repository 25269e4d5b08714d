"""The objects of a DVC remote, `files/md5/ab/cdef...`, each under the MD5 of its bytes, as DVC 3 documents it.

An object appears under its name whole or not at all, and only ever with the bytes that its name is the hash of, so
that writers need not agree on anything.
"""

from __future__ import annotations

import hashlib
import uuid
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from everfit.errors import Unreachable
from everfit.stores.local import make_folder, reaching_disk, sync, sync_folder
from everfit.stores.place import bucket_and_prefix, is_s3
from everfit.stores.s3 import connect, reaching
from everfit.values import FileHash

_CHUNK = 1 << 20
_LARGE = 8 << 20
_READ_ONLY = 0o444
_HALF_WRITTEN = ".everfit"


class Objects(Protocol):
    """The objects of one remote; names are an MD5, or an MD5 and `.dir` for the list of a folder's files."""

    def keep(self, path: Path) -> str:
        """Copy the file's bytes into the remote; returns the object's name."""

    def keep_list(self, data: bytes) -> str:
        """Put the list of a folder's files into the remote; returns the object's name."""

    def read(self, name: str) -> bytes:
        """The bytes of a (small) object; `FileNotFoundError` if it is not there."""

    def fetch(self, name: str, into: Path) -> str:
        """Copy the object to the new local file `into`; returns the SHA-256 of what was written there."""

    def delete(self, name: str) -> None:
        """Remove the object, if it is there."""


def open_objects(url: str, **s3: Any) -> Objects:
    """The objects of the remote at `url`: a folder or `s3://bucket/prefix`."""
    return S3Objects(url, **s3) if is_s3(url) else LocalObjects(Path(url))


class LocalObjects:
    """Objects in a local (or mounted) folder: hashed while they are copied, and renamed to their name once on the disk.

    What a killed process leaves is a file in `.everfit` beside `files`, where DVC does not look.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, path: Path) -> str:
        """One pass over the file: each piece is hashed and written."""
        seen, half = _md5(), self._half()
        try:
            with reaching_disk(half), path.open("rb", buffering=0) as source, half.open("xb", buffering=0) as target:
                while piece := source.read(_CHUNK):
                    seen.update(piece)
                    target.write(piece)
                name = str(seen.hexdigest())
                if self._has(name, target.tell()):
                    return name
                sync(target)
            return self._name(half, name)
        finally:
            half.unlink(missing_ok=True)

    def keep_list(self, data: bytes) -> str:
        """Written like any other object, under its MD5 and `.dir`."""
        half = self._half()
        try:
            with reaching_disk(half), half.open("xb") as target:
                target.write(data)
                sync(target)
            return self._name(half, f"{_md5(data).hexdigest()}.dir")
        finally:
            half.unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        """The bytes of the object."""
        with reaching_disk(self._path(name)):
            return self._path(name).read_bytes()

    def fetch(self, name: str, into: Path) -> str:
        """One pass as well; the copy is nobody else's, so that no reader can ever change the remote."""
        seen, path = hashlib.sha256(), self._path(name)
        with reaching_disk(path), path.open("rb", buffering=0) as source, into.open("xb", buffering=0) as target:
            while piece := source.read(_CHUNK):
                seen.update(piece)
                target.write(piece)
        return seen.hexdigest()

    def delete(self, name: str) -> None:
        """Remove the file."""
        with reaching_disk(self._path(name)):
            self._path(name).unlink(missing_ok=True)

    def _has(self, name: str, size: int) -> bool:
        path = self._path(name)
        return path.is_file() and path.stat().st_size == size

    def _half(self) -> Path:
        folder = self.root / _HALF_WRITTEN
        with reaching_disk(folder):
            make_folder(folder)
        return folder / f"{uuid.uuid4().hex}.tmp"

    def _name(self, half: Path, name: str) -> str:
        path = self._path(name)
        with reaching_disk(path):
            make_folder(path.parent)
            half.chmod(_READ_ONLY)
            half.replace(path)
            sync_folder(path.parent)
        return name

    def _path(self, name: str) -> Path:
        return self.root / _key(name)


class S3Objects:
    """Objects under an `s3://bucket/prefix`: hashed first, since S3 cannot rename, then sent, large ones in parts."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url = url
        self.bucket, self.prefix = bucket_and_prefix(url)
        self._options = options

    @cached_property
    def client(self) -> Any:
        """The boto3 client in use."""
        return connect(**self._options)

    def keep(self, path: Path) -> str:
        """Hash, send, and ask how much arrived."""
        size = path.stat().st_size
        if size <= _LARGE:
            return self._put(path.read_bytes(), "")
        with path.open("rb", buffering=0) as source:
            name = str(hashlib.file_digest(source, _md5).hexdigest())
        with reaching(self._where(name)):
            self.client.upload_file(Filename=str(path), **self._object(name))
            arrived = self.client.head_object(**self._object(name))["ContentLength"]
        if arrived != size:
            raise Unreachable(f"{self._where(name)}: {arrived} of {size} bytes arrived; try again")
        return name

    def keep_list(self, data: bytes) -> str:
        """Put in one request."""
        return self._put(data, ".dir")

    def read(self, name: str) -> bytes:
        """The bytes of the object."""
        with reaching(self._where(name)):
            data: bytes = self.client.get_object(**self._object(name))["Body"].read()
        return data

    def fetch(self, name: str, into: Path) -> str:
        """Download (large ones in parts), then hash what is on the disk."""
        with reaching(self._where(name)):
            self.client.download_file(**self._object(name), Filename=str(into))
        return FileHash.of(into).sha256

    def delete(self, name: str) -> None:
        """Remove the object."""
        with reaching(self._where(name)):
            self.client.delete_object(**self._object(name))

    def _put(self, data: bytes, suffix: str) -> str:
        name = f"{_md5(data).hexdigest()}{suffix}"
        with reaching(self._where(name)):
            self.client.put_object(**self._object(name), Body=data)
        return name

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": f"{self.prefix}{_key(name)}"}

    def _where(self, name: str) -> str:
        return f"{self.url}/{_key(name)}"


def _key(name: str) -> str:
    return f"files/md5/{name[:2]}/{name[2:]}"


def _md5(data: bytes = b"") -> Any:
    return hashlib.md5(data, usedforsecurity=False)
