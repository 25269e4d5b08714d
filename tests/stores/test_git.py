"""The git repository of pointers, held against the `git` command and a real HTTP server."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from everfit.errors import Unreachable
from everfit.stores.git import GitPointers
from everfit.values import Change

AT = datetime(2013, 5, 1, 12, tzinfo=UTC)


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def clone(repository: GitPointers, into: Path) -> Path:
    git(into.parent, "clone", "-q", repository.url, into.name)
    return into


def adding(files: Mapping[str, bytes | None], message: str = "add") -> Callable[[Mapping[str, bytes]], Change | None]:
    """Commit what is not there yet."""

    def make(there: Mapping[str, bytes]) -> Change | None:
        new = {path: data for path, data in files.items() if there.get(path) != data}
        return Change(new, message, AT) if new else None

    return make


@pytest.fixture
def repository(tmp_path: Path) -> GitPointers:
    return GitPointers(str(tmp_path / "deep" / "pointers.git"))


def test_git_reads_what_was_committed(repository: GitPointers, tmp_path: Path) -> None:
    first = repository.publish(adding({"m/a.dvc": b"1", "m/b.dvc": b"2", ".dvc/config": b"c"}, "Two of m\n"))
    second = repository.publish(adding({"m/a.dvc": None, "n/größe.dvc": b"3"}, "And größe\n"))
    copy = clone(repository, tmp_path / "copy")
    assert (copy / "n/größe.dvc").read_bytes() == b"3"
    assert not (copy / "m/a.dvc").exists()
    assert (copy / "m/b.dvc").read_bytes() == b"2"
    log = git(copy, "log", "--format=%H %an %ct %s", "--reverse").splitlines()
    seconds = int(AT.timestamp())
    assert log == [f"{first} everfit {seconds} Two of m", f"{second} everfit {seconds} And größe"]
    assert git(copy, "fsck", "--strict") == ""
    assert git(copy, "branch", "--show-current") == "main\n"


def test_nothing_new_is_nothing_committed(repository: GitPointers) -> None:
    assert repository.publish(lambda there: None) == ""
    made = repository.publish(adding({"a": b"1"}))
    assert repository.publish(adding({"a": b"1"})) == made


def test_equal_commits_are_one(tmp_path: Path) -> None:
    """Dates come from outside: the same change makes the same revision in any repository."""
    revisions = {GitPointers(str(tmp_path / name)).publish(adding({"a": b"1"})) for name in "xy"}
    assert len(revisions) == 1


def test_what_people_keep_there_stays(repository: GitPointers, tmp_path: Path) -> None:
    repository.publish(adding({"m/a.dvc": b"1"}))
    copy = clone(repository, tmp_path / "copy")
    (copy / "README.md").write_text("ours")
    (copy / "run.sh").write_text("#!/bin/sh")
    (copy / "run.sh").chmod(0o755)
    (copy / "link").symlink_to("README.md")
    git(copy, "add", "-A")
    git(copy, "commit", "-qm", "By hand")
    git(copy, "push", "-q")
    repository.publish(adding({"m/b.dvc": b"2"}))
    git(copy, "pull", "-q", "--ff-only")
    assert git(copy, "ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD").splitlines() == [
        "100644 README.md",
        "120000 link",
        "100644 m/a.dvc",
        "100644 m/b.dvc",
        "100755 run.sh",
    ]


def test_whoever_pushes_first_wins_and_the_other_begins_again(repository: GitPointers, tmp_path: Path) -> None:
    asked = []

    def make(there: Mapping[str, bytes]) -> Change:
        if not asked:
            GitPointers(repository.url).publish(adding({"theirs": b"1"}))
        asked.append(set(there))
        return Change({"ours": b"1"}, "ours", AT)

    repository.publish(adding({"base": b"1"}))
    repository.publish(make)
    assert asked == [{"base"}, {"base", "theirs"}]
    assert {path.name for path in clone(repository, tmp_path / "copy").glob("[a-z]*")} == {"base", "ours", "theirs"}


def test_many_processes_at_once_lose_nothing(repository: GitPointers, tmp_path: Path) -> None:
    """The repository does not even exist when they begin."""
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(publish_one, [(repository.url, number) for number in range(12)]))
    copy = clone(repository, tmp_path / "copy")
    assert sorted(path.name for path in copy.glob("m/*")) == sorted(f"{number}.dvc" for number in range(12))
    assert len(git(copy, "log", "--oneline").splitlines()) == 12
    assert git(copy, "log", "--merges", "--oneline") == ""


def publish_one(task: tuple[str, int]) -> None:
    url, number = task
    GitPointers(url).publish(adding({f"m/{number}.dvc": b"%d" % number}))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A repository behind HTTP, which lets in only user everfit with the password s3cret."""
    from dulwich.repo import Repo
    from dulwich.server import DictBackend
    from dulwich.web import make_wsgi_chain

    repo = Repo.init_bare(tmp_path / "far.git", mkdir=True, default_branch=b"trunk")
    inner = make_wsgi_chain(DictBackend({"/team/far.git": repo}))
    wanted = "Basic " + base64.b64encode(b"everfit:s3cret").decode()

    def guarded(environ, start):
        if environ.get("HTTP_AUTHORIZATION") != wanted:
            start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="git"'), ("Content-Length", "0")])
            return [b""]
        return inner(environ, start)

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args):
            pass

    with make_server("127.0.0.1", 0, guarded, handler_class=Quiet) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/team/far.git"
        http.shutdown()
        thread.join()
    repo.close()


def test_a_repository_behind_http_with_a_password(server: str, tmp_path: Path) -> None:
    far = GitPointers(server, username="everfit", password="s3cret", branch="trunk")
    far.publish(adding({"m/a.dvc": b"1"}))
    far.publish(adding({"m/b.dvc": b"2"}))
    assert git(tmp_path / "far.git", "log", "--format=%s", "trunk").splitlines() == ["add", "add"]
    assert git(tmp_path / "far.git", "show", "trunk:m/b.dvc") == "2"
    with pytest.raises(Unreachable, match=r"team/far\.git.*connection everfit_pointers") as caught:
        GitPointers(server, username="everfit", password="wrong-s3cret").publish(adding({"m/c.dvc": b"3"}))
    assert "s3cret" not in str(caught.value)


def test_a_repository_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for url in ("http://127.0.0.1:9/x.git", str(tmp_path / "empty")):
        with pytest.raises(Unreachable, match="look at its address and rights"):
            GitPointers(url).publish(adding({"a": b"1"}))
