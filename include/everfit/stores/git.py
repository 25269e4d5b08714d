"""A git repository that one committer writes to: read, change, push, and begin again if somebody else was quicker.

The repository is fetched into memory and forgotten afterwards, so that there is no clone to keep, to lock or to repair.
Git's own protocol is spoken by dulwich, which comes with DVC: no `git` has to be installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from everfit.errors import Unreachable
from everfit.stores.place import local_root
from everfit.values import Change

if TYPE_CHECKING:
    from dulwich.repo import MemoryRepo

AUTHOR = b"everfit <everfit@localhost>"
_FILE = 0o100644
_NOTHING = b"0" * 40
_TRIES = 20
_SECONDS = b"20"


class GitPointers:
    """The repository at `url`: the folder of a bare repository (made at the first commit), `https://` or `ssh://`.

    `username` and `password` (or token) are for https, `key_file` (a private key) for ssh.
    """

    def __init__(
        self, url: str, *, branch: str = "main", username: str = "", password: str = "", key_file: str = ""
    ) -> None:
        self.local = None if _is_remote(url) else local_root(url).absolute()
        self.url = url if self.local is None else self.local.as_posix()
        self.branch = f"refs/heads/{branch}".encode()
        self._login = {
            name: value
            for name, value in {"username": username, "password": password, "key_filename": key_file}.items()
            if value
        }

    def publish(self, make: Callable[[Mapping[str, bytes]], Change | None]) -> str:
        """Commit what `make` makes of the newest files; the revision that is there now ("" for none at all)."""
        for _ in range(_TRIES):
            with _reaching(self.url):
                repo, head = self._fetch()
                change = make(_files(repo, head))
                if change is None:
                    return head.decode()
                made = _commit(repo, head, change)
                if self._push(repo, head, made):
                    return made.decode()
        raise Unreachable(
            f"the git repository {self.url}: somebody else pushed first {_TRIES} times in a row, or a killed process "
            "left its lock (BRANCH.lock in refs/heads of the repository); look, and try again"
        )

    def _fetch(self) -> tuple[MemoryRepo, bytes]:
        """The repository in memory, and the revision that the branch is at (b"" if there is no such branch yet)."""
        from dulwich.repo import MemoryRepo

        repo = MemoryRepo()
        if self.local and not self.local.exists():
            _make(self.local, self.branch)
        client, path = self._client()
        head = client.get_refs(path).refs.get(self.branch)
        if head is None:
            return repo, b""

        def wants(refs: Mapping[bytes, bytes], depth: int | None = None) -> list[bytes]:  # noqa: ARG001
            return [head]

        client.fetch(path, repo, determine_wants=wants, depth=1)  # the history is not needed to add to it
        return repo, head

    def _push(self, repo: MemoryRepo, head: bytes, made: bytes) -> bool:
        """Move the branch from `head` to `made`; False if it is not at `head` any more."""
        from dulwich.errors import SendPackError
        from dulwich.file import FileLocked

        def move(refs: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
            if refs.get(self.branch, _NOTHING) != (head or _NOTHING):
                raise _MovedOn
            return {self.branch: made}

        client, path = self._client()
        try:
            sent = client.send_pack(path, move, repo.generate_pack_data)
        except (_MovedOn, FileLocked, SendPackError):
            return False
        return not any((sent.ref_status or {}).values())

    def _client(self) -> tuple[Any, str]:
        from dulwich.client import get_transport_and_path
        from dulwich.config import ConfigDict

        config = ConfigDict()
        config.set(b"http", b"timeout", _SECONDS)
        return get_transport_and_path(self.url, config=config, quiet=True, **self._login)  # type: ignore[arg-type]


class _MovedOn(Exception):
    pass


def _is_remote(url: str) -> bool:
    return not url.startswith("file://") and ("://" in url or ("@" in url and ":" in url))


def _make(folder: Path, branch: bytes) -> None:
    """Make an empty bare repository, whole or not at all."""
    from dulwich.repo import Repo

    half = folder.with_name(f".{folder.name}.{uuid4().hex}")
    half.mkdir(parents=True)
    Repo.init_bare(half, default_branch=branch.removeprefix(b"refs/heads/")).close()
    try:
        half.rename(folder)
    except OSError:  # somebody else was quicker
        if not folder.is_dir():
            raise


def _files(repo: MemoryRepo, head: bytes) -> dict[str, bytes]:
    from dulwich.object_store import iter_tree_contents

    if not head:
        return {}
    store = repo.object_store
    tree = repo[head].tree  # type: ignore[attr-defined]
    return {
        entry.path.decode(): store[entry.sha].as_raw_string()
        for entry in iter_tree_contents(store, tree)
        if entry.mode == _FILE
    }


def _commit(repo: MemoryRepo, head: bytes, change: Change) -> bytes:
    """Add the change to the repository in memory; all that is not in it stays as it is."""
    from dulwich.object_store import commit_tree_changes
    from dulwich.objects import Blob, Commit, Tree

    store = repo.object_store
    base = store[repo[head].tree] if head else Tree()  # type: ignore[attr-defined]
    store.add_object(base)
    changes: list[tuple[bytes, int | None, Any]] = []
    for path, data in sorted(change.files.items()):
        blob = Blob.from_string(data) if data is not None else None
        if blob:
            store.add_object(blob)
        changes.append((path.encode(), _FILE if blob else None, blob.id if blob else None))
    commit = Commit()
    commit.tree = commit_tree_changes(store, base, changes)  # type: ignore[arg-type]
    commit.parents = [head] if head else []  # type: ignore[list-item]
    commit.author = commit.committer = AUTHOR
    commit.author_time = commit.commit_time = int(change.at.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.message, commit.encoding = change.message.encode(), b"UTF-8"
    store.add_object(commit)
    return commit.id


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    from dulwich.client import HTTPUnauthorized
    from dulwich.errors import GitProtocolError, NotGitRepository
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (NotGitRepository, GitProtocolError, HTTPUnauthorized, HTTPError, OSError) as error:
        raise Unreachable(
            f"the git repository {url}: {error or type(error).__name__}; look at its address and rights "
            "(connection everfit_pointers)"
        ) from error
