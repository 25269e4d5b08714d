"""The landing place: one folder per partition, complete once its marker is there. It is only ever read.

Hidden files and folders, folders within a partition, and files whose name cannot be a store key are not looked at. A
partition whose own name is unsafe (anything but letters, digits, `.`, `_` and `-`) is skipped with one warning in the
log of the process, and never stands in the way of the others.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from everfit.errors import BatchChanged, SpecError, Unreachable
from everfit.ports import Landing
from everfit.stores.place import bucket_and_prefix, checked, is_key, is_s3, local_root
from everfit.stores.s3 import connect, listing, reaching
from everfit.values import Arrival, FileHash, digest

_PARTITION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_CHUNK = 1 << 20
_log = logging.getLogger(__name__)


class Seen(NamedTuple):
    """A file in the landing place: its size, and a tag that changes with each delivery (time, on S3 also the ETag)."""

    size: int
    tag: str


def open_landing(url: str, **s3: Any) -> Landing:
    """The landing place at `url`: a path, `file:///path` or `s3://bucket/prefix`; `s3` as for `open_store`."""
    return S3Landing(url, **s3) if is_s3(url) else LocalLanding(local_root(url))


class LocalLanding:
    """A landing place in a local (or mounted) folder."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()

    def arrivals(self, folder: str, marker: str) -> list[Arrival]:
        """Every complete delivery under `folder`, by partition; `Unreachable` if the landing place itself is gone."""
        if not self.root.is_dir():
            raise Unreachable(f"the landing place {self.root} is not there; make the folder or mount it")
        top = self.root / checked(folder)
        try:
            names = [path.name for path in top.iterdir() if path.is_dir()] if top.is_dir() else []
            found = {name: self._look(top / name) for name in names if _safe(str(top), name)}
        except OSError as error:
            raise Unreachable(f"cannot look into {top}: {error}; look at its rights and its mount") from error
        return _complete(found, marker)

    def fetch(self, folder: str, arrival: Arrival, into: Path) -> tuple[FileHash, ...]:
        """Copy the files of the delivery into the local folder `into`; `BatchChanged` if it moved meanwhile."""
        source = self.root / checked(f"{folder}/{arrival.partition}")
        into.mkdir(parents=True, exist_ok=True)
        try:
            copied = tuple(_copy(source / name, into / name) for name in arrival.files)
            seen = self._look(source)
        except FileNotFoundError as error:
            raise _changed(source.as_posix()) from error
        except OSError as error:
            raise Unreachable(f"cannot copy {source}: {error}; look at its rights and the space on the disk") from error
        return _unchanged(copied, arrival, seen, source.as_posix())

    def _look(self, partition: Path) -> Mapping[str, Seen]:
        try:
            stats = {path.name: path.stat() for path in partition.iterdir() if path.is_file()}
        except FileNotFoundError:  # moved while we looked: the next look will see it whole
            return {}
        return {name: Seen(stat.st_size, str(stat.st_mtime_ns)) for name, stat in stats.items() if is_key(name)}


class S3Landing:
    """A landing place under an `s3://bucket/prefix`; `client` and `options` as for `S3Store`."""

    def __init__(self, url: str, client: Any = None, **options: Any) -> None:
        self.bucket, self.prefix = bucket_and_prefix(url)
        self._given, self._options = client, options

    @cached_property
    def client(self) -> Any:
        """The boto3 client in use."""
        return self._given or connect(**self._options)

    def arrivals(self, folder: str, marker: str) -> list[Arrival]:
        """Every complete delivery under `folder`, by partition, from one listing."""
        return _complete(self._look(f"{checked(folder)}/"), marker)

    def fetch(self, folder: str, arrival: Arrival, into: Path) -> tuple[FileHash, ...]:
        """Copy the objects of the delivery into the local folder `into`; `BatchChanged` if it moved meanwhile."""
        below = f"{checked(f'{folder}/{arrival.partition}')}/"
        where = f"s3://{self.bucket}/{self.prefix}{below}"
        into.mkdir(parents=True, exist_ok=True)
        try:
            copied = tuple(self._copy(below + name, into / name) for name in arrival.files)
        except FileNotFoundError as error:
            raise _changed(where) from error
        seen = self._look(below, depth=0).get("", {})
        return _unchanged(copied, arrival, seen, where)

    def _look(self, below: str, depth: int = 1) -> Mapping[str, Mapping[str, Seen]]:
        """The objects exactly `depth` folders under `below`, by the name of their folder ("" for depth 0)."""
        top = self.prefix + below
        found: dict[str, dict[str, Seen]] = {}
        for item in listing(self.client, self.bucket, top):
            *folders, name = item["Key"].removeprefix(top).split("/")
            if len(folders) == depth and is_key(name) and (not folders or _safe(top, folders[0])):
                found.setdefault("".join(folders), {})[name] = Seen(
                    item["Size"], f"{item['ETag']} {item['LastModified'].isoformat()}"
                )
        return found

    def _copy(self, key: str, target: Path) -> FileHash:
        where = f"s3://{self.bucket}/{self.prefix}{key}"
        seen, size = hashlib.sha256(), 0
        with reaching(where), target.open("wb") as file:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)
            for chunk in answer["Body"].iter_chunks(_CHUNK):
                seen.update(chunk)
                size += file.write(chunk)
        if size != answer["ContentLength"]:
            raise Unreachable(f"{where}: got {size} of {answer['ContentLength']} bytes; try again")
        return FileHash(target.name, seen.hexdigest(), size)


def _complete(found: Mapping[str, Mapping[str, Seen]], marker: str) -> list[Arrival]:
    if not is_key(marker):
        raise SpecError(
            f"complete_when is {marker!r}; wanted the name of a plain file that is not hidden, like _SUCCESS"
        )
    return [
        Arrival(partition, _fingerprint(seen, marker), tuple(sorted(seen.keys() - {marker})))
        for partition, seen in sorted(found.items())
        if marker in seen
    ]


def _unchanged(
    copied: tuple[FileHash, ...], arrival: Arrival, seen: Mapping[str, Seen], where: str
) -> tuple[FileHash, ...]:
    """What was copied, if the folder still is what `arrival` says: its files, one marker, and nothing else."""
    besides = seen.keys() - set(arrival.files)
    if len(besides) != 1 or _fingerprint(seen, *besides) != arrival.fingerprint:
        raise _changed(where)
    if any(file.size != seen[file.name].size for file in copied):
        raise _changed(where)
    return copied


def _changed(where: str) -> BatchChanged:
    return BatchChanged(f"{where} was rewritten while it was being read; the next look takes the new files")


def _fingerprint(seen: Mapping[str, Seen], marker: str) -> str:
    """Names, sizes and tags of the files; of the marker only the name, so that touching it again changes nothing."""
    return digest([marker, *([name, *seen[name]] for name in sorted(seen) if name != marker)])[:16]


def _copy(source: Path, target: Path) -> FileHash:
    seen, size = hashlib.sha256(), 0
    with source.open("rb") as file, target.open("wb") as copy:
        while chunk := file.read(_CHUNK):
            seen.update(chunk)
            size += copy.write(chunk)
    return FileHash(target.name, seen.hexdigest(), size)


def _safe(where: str, name: str) -> bool:
    if _PARTITION.fullmatch(name):
        return True
    if not name.startswith("."):
        _skip(where, name)
    return False


@cache
def _skip(where: str, name: str) -> None:
    _log.warning(
        "%s: skipped the folder %r, which cannot be a partition; wanted letters, digits, '.', '_' and '-'", where, name
    )
