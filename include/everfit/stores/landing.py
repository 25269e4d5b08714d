"""The landing place: files in folders, or files alone. It is only ever read.

Hidden files and folders, folders within a partition, and files whose name cannot be a store key are not looked at. What
the files mean (which belong together, whether they are all there) is not known here: see `everfit.steps.deliveries`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from everfit.errors import BatchChanged, Unreachable
from everfit.ports import Landing
from everfit.stores.place import bucket_and_prefix, checked, is_key, is_s3, local_root
from everfit.stores.s3 import connect, listing, reaching
from everfit.values import FileHash, Seen

_CHUNK = 1 << 20


def open_landing(url: str, **s3: Any) -> Landing:
    """The landing place at `url`: a path, `file:///path` or `s3://bucket/prefix`; `s3` as for `open_store`."""
    return S3Landing(url, **s3) if is_s3(url) else LocalLanding(local_root(url))


class LocalLanding:
    """A landing place in a local (or mounted) folder."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()

    def look(self, folder: str, each: str, only: str = "") -> list[Seen]:
        """Every file of every delivery under `folder`; `Unreachable` if the landing place itself is gone."""
        if not self.root.is_dir():
            raise Unreachable(f"the landing place {self.root} is not there; make the folder or mount it")
        top = self.root / checked(folder)
        try:
            if each == "file":
                return sorted(_files(top, "", only), key=_by_path)
            names = [only] if only else sorted(_folders(top))
            return [seen for name in names for seen in sorted(_files(top / name, f"{name}/"), key=_by_path)]
        except OSError as error:
            raise Unreachable(f"cannot look into {top}: {error}; look at its rights and its mount") from error

    def fetch(self, folder: str, files: Sequence[Seen], into: Path) -> tuple[FileHash, ...]:
        """Copy the files into the local folder `into`; `BatchChanged` if one of them is not what was seen."""
        top = self.root / checked(folder)
        into.mkdir(parents=True, exist_ok=True)
        return tuple(self._fetch(top / checked(file.path), file, into / file.name) for file in files)

    def _fetch(self, source: Path, seen: Seen, target: Path) -> FileHash:
        try:
            copied = _copy(source, target)
            stat = source.stat()
        except FileNotFoundError as error:
            raise _changed(source.as_posix()) from error
        except OSError as error:
            raise Unreachable(f"cannot copy {source}: {error}; look at its rights and the space on the disk") from error
        if (stat.st_size, str(stat.st_mtime_ns), copied.size) != (seen.size, seen.tag, seen.size):
            raise _changed(source.as_posix())
        return copied


class S3Landing:
    """A landing place under an `s3://bucket/prefix`; `client` and `options` as for `S3Store`."""

    def __init__(self, url: str, client: Any = None, **options: Any) -> None:
        self.bucket, self.prefix = bucket_and_prefix(url)
        self._given, self._options = client, options

    @cached_property
    def client(self) -> Any:
        """The boto3 client in use."""
        return self._given or connect(**self._options)

    def look(self, folder: str, each: str, only: str = "") -> list[Seen]:
        """Every object of every delivery under `folder`, from one listing."""
        top = f"{self.prefix}{checked(folder)}/"
        below, delimiter = (top + only, "/") if each == "file" else (f"{top}{only}/" if only else top, "")
        depth = 0 if each == "file" else 1
        found = [
            Seen(item["Key"].removeprefix(top), item["Size"], f"{item['ETag']} {item['LastModified'].isoformat()}")
            for item in listing(self.client, self.bucket, below, delimiter)
        ]
        return sorted((seen for seen in found if seen.path.count("/") == depth and is_key(seen.path)), key=_by_path)

    def fetch(self, folder: str, files: Sequence[Seen], into: Path) -> tuple[FileHash, ...]:
        """Copy the objects into the local folder `into`; `BatchChanged` if one of them is not what was seen."""
        into.mkdir(parents=True, exist_ok=True)
        return tuple(self._fetch(checked(f"{folder}/{file.path}"), file, into / file.name) for file in files)

    def _fetch(self, key: str, seen: Seen, target: Path) -> FileHash:
        where = f"s3://{self.bucket}/{self.prefix}{key}"
        sha256, size = hashlib.sha256(), 0
        try:
            with reaching(where), target.open("wb") as file:
                answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)
                if (answer["ETag"], answer["ContentLength"]) != (seen.tag.partition(" ")[0], seen.size):
                    raise _changed(where)
                for chunk in answer["Body"].iter_chunks(_CHUNK):
                    sha256.update(chunk)
                    size += file.write(chunk)
        except FileNotFoundError as error:
            raise _changed(where) from error
        if size != answer["ContentLength"]:
            raise Unreachable(f"{where}: got {size} of {answer['ContentLength']} bytes; try again")
        return FileHash(target.name, sha256.hexdigest(), size)


def _by_path(seen: Seen) -> str:
    return seen.path


def _folders(top: Path) -> Iterator[str]:
    if top.is_dir():
        with os.scandir(top) as entries:
            yield from (entry.name for entry in entries if is_key(entry.name) and entry.is_dir())


def _files(folder: Path, below: str, only: str = "") -> Iterator[Seen]:
    """The plain files directly in the folder; one that is moved while we look will be seen by the next look."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.name.startswith(only) and is_key(entry.name):
            try:
                if entry.is_file():
                    stat = entry.stat()
                    yield Seen(below + entry.name, stat.st_size, str(stat.st_mtime_ns))
            except FileNotFoundError:
                continue


def _copy(source: Path, target: Path) -> FileHash:
    seen, size = hashlib.sha256(), 0
    with source.open("rb") as file, target.open("wb") as copy:
        while chunk := file.read(_CHUNK):
            seen.update(chunk)
            size += copy.write(chunk)
    return FileHash(target.name, seen.hexdigest(), size)


def _changed(where: str) -> BatchChanged:
    return BatchChanged(f"{where} was rewritten while it was being read; the next look takes the new files")
