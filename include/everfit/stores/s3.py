"""A store in an S3 bucket: create-if-absent is a PUT with `If-None-Match: *`, which the server decides."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from glob import escape
from pathlib import Path
from typing import Any

from everfit.errors import Corrupted, Unreachable
from everfit.stores.place import bucket_and_prefix, checked
from everfit.values import FileHash, StoredFile

_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"412", "PreconditionFailed"}
_BUSY = {"409", "ConditionalRequestConflict"}
_TRIES = 5


class S3Store:
    """Bytes under an `s3://bucket/prefix`.

    `client` is a boto3 S3 client; without one, `options` go to boto3 (see `connect`) on the first request. `cache` is
    the folder for downloaded files, which are kept by hash. S3 answers 412 where something is under the key already;
    409 says that another conditional PUT is in the air, and then we ask again.
    """

    def __init__(self, url: str, client: Any = None, *, cache: Path | None = None, **options: Any) -> None:
        self.bucket, self.prefix = bucket_and_prefix(url)
        self.url = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        self._given, self._options = client, options
        self._cache = (
            Path(cache) if cache else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "everfit"
        )

    @cached_property
    def client(self) -> Any:
        """The boto3 client in use."""
        return self._given or connect(**self._options)

    def __getstate__(self) -> dict[str, Any]:  # on another machine, a client of its own
        return {name: value for name, value in vars(self).items() if name != "client"}

    def create(self, key: str, data: bytes) -> bool:
        """Write `data` only if nothing is under `key` yet; the server lets one of any number of racers win."""
        from botocore.exceptions import ClientError

        for attempt in range(_TRIES):
            try:
                with reaching(self._name(key)):
                    self.client.put_object(**self._object(key), Body=data, IfNoneMatch="*")
            except Unreachable as error:
                cause = error.__cause__
                code = _code(cause) if isinstance(cause, ClientError) else ""
                if code in _TAKEN:
                    return False
                if code not in _BUSY:
                    raise
                time.sleep(0.02 * 2**attempt)
            else:
                return True
        if self.exists(key):
            return False
        raise Unreachable(f"{self._name(key)}: {_TRIES} conditional writes in a row met another one (409); try again")

    def write(self, key: str, data: bytes) -> None:
        """Put `data` under `key`, whole or not at all, replacing what was there."""
        with reaching(self._name(key)):
            self.client.put_object(**self._object(key), Body=data)

    def read(self, key: str) -> bytes:
        """The bytes under `key`; a body cut short is `Unreachable`."""
        with reaching(self._name(key)):
            answer = self.client.get_object(**self._object(key))
            data: bytes = answer["Body"].read()
        if len(data) != answer["ContentLength"]:
            raise Unreachable(f"{self._name(key)}: got {len(data)} of {answer['ContentLength']} bytes; try again")
        return data

    def exists(self, key: str) -> bool:
        """Whether an object is under `key`."""
        try:
            with reaching(self._name(key)):
                self.client.head_object(**self._object(key))
        except FileNotFoundError:
            return False
        return True

    def delete(self, key: str) -> None:
        """Remove the object under `key`, if one is there, and first its download in the cache.

        A bucket with versions keeps the old one until it expires.
        """
        self._forget(key)
        with reaching(self._name(key)):
            self.client.delete_object(**self._object(key))

    def _forget(self, key: str) -> None:
        downloads = list(self._cache.glob(f"*/{escape(Path(checked(key)).name)}"))
        if not downloads:
            return
        try:
            sha256 = hashlib.sha256(self.read(key)).hexdigest()
        except FileNotFoundError:
            return
        for path in downloads:
            if path.parent.name == sha256:
                path.unlink(missing_ok=True)

    def list(self, prefix: str) -> list[str]:
        """The keys under the folder `prefix` ("" for all), sorted."""
        folder = f"{checked(prefix.strip('/'))}/" if prefix.strip("/") else ""
        found = listing(self.client, self.bucket, self.prefix + folder)
        return sorted(item["Key"].removeprefix(self.prefix) for item in found)

    def put_file(self, key: str, path: Path) -> StoredFile:
        """Send the file under `key` (in parts if it is large) and say the SHA-256 it had before it was sent.

        A file that changes meanwhile is found by `local_file`, which never gives out bytes with another hash.
        """
        sha256 = FileHash.of(path).sha256
        with reaching(self._name(key)):
            self.client.upload_file(str(path), self.bucket, self.prefix + checked(key))
            sent = self.client.head_object(**self._object(key))["ContentLength"]
        if sent != path.stat().st_size:
            raise Unreachable(f"{self._name(key)}: {sent} of {path.stat().st_size} bytes arrived; try again")
        return StoredFile(key, sha256)

    def local_file(self, file: StoredFile) -> Path:
        """A download in the cache, named by its hash; one that is there and whole is not fetched again."""
        kept = self._cache / file.sha256 / Path(checked(file.key)).name
        if kept.is_file() and FileHash.of(kept).sha256 == file.sha256:
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        half = kept.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            with reaching(self._name(file.key)):
                self.client.download_file(self.bucket, self.prefix + file.key, str(half))
            found = FileHash.of(half).sha256
            if found != file.sha256:
                raise Corrupted(
                    f"{self._name(file.key)} has SHA-256 {found}, wanted {file.sha256}; "
                    "restore it from a backup or make it anew"
                )
            half.replace(kept)
        finally:
            half.unlink(missing_ok=True)
        return kept

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + checked(key)}

    def _name(self, key: str) -> str:
        return f"{self.url}/{key}"


def connect(**options: Any) -> Any:
    """A boto3 S3 client that gives up in seconds: boto3's own defaults hung 180 s on a stuck socket.

    `options` are those of `boto3.client`: `endpoint_url`, `region_name`, `aws_access_key_id`, and so on. A server of
    one's own (`endpoint_url`) is asked by path, since few have a name per bucket.
    """
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "max_attempts": 3},
        request_checksum_calculation="when_required",
        s3={"addressing_style": "path" if options.get("endpoint_url") else "auto"},
    )
    given = options.pop("config", None)
    return session().client("s3", config=config.merge(given) if given else config, **options)


def session() -> Any:
    """A new session of boto3, which looks for keys and region anew; what it knows of services is read once a process.

    That is megabytes of JSON: with it a client takes a tenth of a second of a core, and a fifth of that without.
    """
    import botocore.session
    from boto3.session import Session

    core = botocore.session.get_session()
    core.get_component("data_loader").file_loader = _described()
    return Session(botocore_session=core)


@cache
def _described() -> Any:
    """Reads the files in which botocore describes services, each once."""
    from botocore.loaders import JSONFileLoader

    loader = JSONFileLoader()
    loader.load_file = cache(loader.load_file)
    return loader


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Turn boto3's errors into ours: `FileNotFoundError` for a missing key, `Unreachable` for all else."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if _code(error) in _MISSING:
            raise FileNotFoundError(f"nothing is under {what}") from error
        raise Unreachable(f"{what}: the store answered {error}; look at bucket, rights and keys") from error
    except (BotoCoreError, Boto3Error) as error:
        raise Unreachable(f"{what}: {error}; look at the address and the network, and try again") from error


def listing(client: Any, bucket: str, prefix: str, delimiter: str = "") -> list[dict[str, Any]]:
    """Every object under the prefix, as S3 describes it; with a delimiter, none that has one after the prefix."""
    with reaching(f"s3://{bucket}/{prefix}"):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter=delimiter)
        return [item for page in pages for item in page.get("Contents", [])]


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
