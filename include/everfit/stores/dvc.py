"""The bytes of accepted batches in a DVC remote: each commit and each fetch has a throw-away repository of its own.

DVC takes a lock per repository and waits 3 seconds for it, so that of four tasks in one workspace three fail. Without a
shared workspace there is nothing to lock: any number of tasks, on any machine, share the remote. The pointer (the text
of the `.dvc` file) travels in the ledger; with it and the address of the remote, `dvc pull` gives the bytes back.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from everfit.errors import Corrupted, DataError, Unreachable
from everfit.stores.place import checked, is_key, is_s3, local_root
from everfit.values import Batch

# How DVC calls what boto3's client calls otherwise.
_OPTIONS = {
    "endpoint_url": "endpointurl",
    "region_name": "region",
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "use_ssl": "use_ssl",
    "verify": "ssl_verify",
}


class DvcStore:
    """Batches in the DVC remote at `remote_url` (a path or `s3://`), with fetched ones kept in the folder `cache`.

    `s3` takes the options of boto3's client, as `open_store` does.
    """

    def __init__(self, remote_url: str, cache: Path, **s3: Any) -> None:
        self.url = remote_url if is_s3(remote_url) else local_root(remote_url).absolute().as_posix()
        self.cache = Path(cache).absolute()
        self._options = {_OPTIONS[name]: value for name, value in s3.items() if name in _OPTIONS and value is not None}

    def commit(self, folder: Path, name: str) -> str:
        """Send a copy of the folder to the remote and return the pointer to it, called `name`.

        Equal files give an equal pointer, however often and by however many processes at once. The pointer is returned
        when every byte is in the remote; a commit that dies before leaves files there that nothing points to.
        """
        with self._repository() as repo:
            kept = Path(repo.root_dir, checked(name))
            shutil.copytree(folder, kept)
            with _reaching(self.url):
                repo.add(str(kept))
                repo.push()
            return kept.with_name(f"{kept.name}.dvc").read_text(encoding="utf-8")

    def fetch(self, batch: Batch) -> Path:
        """A read-only folder with the batch's files; a second fetch looks at their sizes only.

        The folder takes its name, the batch's hash, once every file in it has been hashed: one that is there is whole.
        """
        kept = self.cache / batch.sha256
        if _sizes(kept) == {file.name: file.size for file in batch.files}:
            return kept
        with self._repository() as repo:
            pulled = Path(repo.root_dir, _path_in(batch))
            Path(repo.root_dir, "batch.dvc").write_text(batch.pointer, encoding="utf-8")
            with _reaching(self.url):
                _pull(repo, batch)
            _check(pulled, batch)
            if kept.exists():  # damaged, since its sizes are wrong: moved away in one step, deleted with the repository
                kept.replace(Path(repo.root_dir, ".damaged"))
            try:
                pulled.replace(kept)
            except OSError:  # somebody else was quicker
                if not kept.is_dir():
                    raise
        return kept

    def delete(self, batch: Batch, keep: Sequence[Batch]) -> None:
        """Remove the batch's objects from the remote, and its local copy; those that `keep` shares stay."""
        shutil.rmtree(self.cache / batch.sha256, ignore_errors=True)
        with self._repository() as repo, _reaching(self.url):
            remote = repo.cloud.get_remote_odb()
            needed = {oid for kept in keep for oid in _objects(remote, kept)}
            for oid in _objects(remote, batch):
                if oid not in needed and remote.exists(oid):
                    remote.delete(oid)

    @contextmanager
    def _repository(self) -> Iterator[Any]:
        from dvc.repo import Repo

        for name in ("dvc", "dvc_data", "dvc_objects"):  # they log what they raise as well
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".dvc-", dir=self.cache) as folder:
            Path(folder, ".dvc").mkdir()
            with Repo(folder, config=self._config(Path(folder))) as repo:
                yield repo

    def _config(self, folder: Path) -> Mapping[str, Any]:
        """All of DVC's settings, in memory, so that no key is ever written to a file."""
        slow = {"connect_timeout": 5, "read_timeout": 20} if is_s3(self.url) else {}
        return {
            "core": {
                "no_scm": True,
                "analytics": False,
                "check_update": False,
                "remote": "store",
                "site_cache_dir": str(folder / ".dvc" / "site"),
            },
            "cache": {"type": "hardlink,copy"},
            "remote": {"store": {"url": self.url, **slow, **(self._options if is_s3(self.url) else {})}},
        }


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError
    from dvc.exceptions import DvcException

    try:
        yield
    except (DvcException, OSError, BotoCoreError, ClientError) as error:
        raise Unreachable(f"the DVC remote {url}: {error!r}; look at its address, rights and space") from error


def _pull(repo: Any, batch: Batch) -> None:
    """Pull what the pointer names; DVC says only how many files failed, so ask the remote whether it has them."""
    from dvc.exceptions import DvcException

    try:
        repo.pull()
    except DvcException as error:
        if lost := _lost(repo):
            raise Corrupted(
                f"{', '.join(lost)} of batch {batch.label} is not in the DVC remote any more; restore it from a backup"
            ) from error
        raise


def _lost(repo: Any) -> list[str]:
    from dvc_data.hashfile.tree import Tree

    remote, folder = repo.cloud.get_remote_odb(), next(iter(repo.index.outs)).hash_info
    if not remote.exists(folder.value):
        return ["the list of files"]
    return ["/".join(key) for key, _, file in Tree.load(remote, folder) if not remote.exists(file.value)]


def _objects(remote: Any, batch: Batch) -> list[str]:
    """The names of the batch's objects in the remote, the list of its files last; none if that list is gone."""
    import yaml
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    listed = HashInfo("md5", yaml.safe_load(batch.pointer)["outs"][0]["md5"])
    if not remote.exists(listed.value):
        return []
    return [*(file.value for _, _, file in Tree.load(remote, listed)), listed.value]


def _path_in(batch: Batch) -> str:
    import yaml

    try:
        path = yaml.safe_load(batch.pointer)["outs"][0]["path"]
    except (yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise DataError(f"the pointer of batch {batch.label} is not the text of a .dvc file: {error!r}") from error
    if not (isinstance(path, str) and is_key(path) and "/" not in path):
        raise DataError(f"the pointer of batch {batch.label} leads to {path!r}, wanted the name of one folder")
    return path


def _check(folder: Path, batch: Batch) -> None:
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for file in batch.files:
        if file.name not in there:
            raise Corrupted(f"{file.name} of batch {batch.label} is not in the DVC remote; restore it from a backup")
        with (folder / file.name).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != file.sha256:
            raise Corrupted(
                f"{file.name} of batch {batch.label} has SHA-256 {found}, wanted {file.sha256}; "
                "restore it in the DVC remote from a backup"
            )
    if besides := there - {file.name for file in batch.files}:
        raise Corrupted(f"batch {batch.label} has files that were not accepted with it: {', '.join(sorted(besides))}")


def _sizes(folder: Path) -> Mapping[str, int] | None:
    return {path.name: path.stat().st_size for path in folder.iterdir()} if folder.is_dir() else None
