from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import Corrupted, DataError, Unreachable
from everfit.stores.dvc import DvcStore
from everfit.testing.stores import DataStoreConformance, batch_of


class TestLocalRemote(DataStoreConformance):
    @pytest.fixture
    def data(self, tmp_path: Path) -> DvcStore:
        return DvcStore(str(tmp_path / "store" / "dvc"), tmp_path / "cache")


class TestS3Remote(DataStoreConformance):
    @pytest.fixture
    def data(self, s3: dict[str, Any], bucket: Callable[[], str], tmp_path: Path) -> DvcStore:
        return DvcStore(f"{bucket()}/dvc", tmp_path / "cache", **s3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "flights.parquet").write_bytes(b"PAR1" * 1000)
    (folder / "planes.csv").write_bytes(b"a,b\n")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> DvcStore:
    return DvcStore(str(tmp_path / "remote"), tmp_path / "cache")


def test_dvc_pull_by_hand_gives_the_bytes_back(data: DvcStore, folder: Path, tmp_path: Path) -> None:
    """Without everfit: an empty repository, the pointer's text, the remote's address, and the dvc command."""
    empty = tmp_path / "by hand"
    empty.mkdir()
    (empty / "batch.dvc").write_text(data.commit(folder, "2013-05"))
    env = {**os.environ, "DVC_NO_ANALYTICS": "true", "DVC_SITE_CACHE_DIR": str(tmp_path / "site")}
    for command in (["init", "-q", "--no-scm"], ["remote", "add", "-q", "-d", "store", data.url], ["pull", "-q"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=empty, env=env, check=True, timeout=120)
    assert (empty / "2013-05" / "flights.parquet").read_bytes() == b"PAR1" * 1000
    assert (empty / "2013-05" / "planes.csv").read_bytes() == b"a,b\n"


def test_eight_processes_commit_at_once(data: DvcStore, folder: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from everfit.stores.dvc import DvcStore\n"
        "remote, cache, folder = sys.argv[1:]\n"
        "store = DvcStore(remote, Path(cache)); sys.stdin.readline()\n"
        "print(store.commit(Path(folder), Path(folder).name), end='')\n"
    )
    folders = [tmp_path / f"batch-{n}" for n in range(8)]
    for number, other in enumerate(folders):
        other.mkdir()
        (other / "own.csv").write_text(str(number))
        (other / "shared.csv").write_bytes((folder / "flights.parquet").read_bytes())
    processes = [
        subprocess.Popen([sys.executable, "-c", program, data.url, data.cache, other], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
        for other in folders
    ]  # fmt: skip
    pointers = [process.communicate("go\n", timeout=120)[0] for process in processes]
    for other, pointer in zip(folders, pointers, strict=True):
        kept = data.fetch(batch_of(other, pointer, other.name))
        assert (kept / "own.csv").read_text() == (other / "own.csv").read_text()


def test_the_second_fetch_asks_nobody(data: DvcStore, folder: Path, tmp_path: Path) -> None:
    batch = batch_of(folder, data.commit(folder, "2013-05"))
    kept = data.fetch(batch)
    (tmp_path / "remote").rename(tmp_path / "away")
    assert data.fetch(batch) == kept
    assert [path.name for path in data.cache.iterdir()] == [batch.sha256]
    assert not any(path.stat().st_mode & 0o222 for path in kept.iterdir())


@pytest.mark.parametrize("which", ["one file", "the list of files"])
def test_a_loss_in_the_remote_is_no_outage(data: DvcStore, folder: Path, tmp_path: Path, which: str) -> None:
    batch = batch_of(folder, data.commit(folder, "2013-05"))
    objects = [path for path in (tmp_path / "remote").rglob("*") if path.is_file()]
    lost = min(
        (path for path in objects if (path.suffix == ".dir") == (which != "one file")), key=lambda p: p.stat().st_size
    )
    lost.unlink()
    said = "planes.csv" if which == "one file" else which
    with pytest.raises(Corrupted, match=f"{said} of batch 2013-05 is not in the DVC remote any more"):
        data.fetch(batch)
    assert list(data.cache.glob("*")) == []


def test_bytes_that_rot_in_the_remote_are_found(data: DvcStore, folder: Path, tmp_path: Path) -> None:
    batch = batch_of(folder, data.commit(folder, "2013-05"))
    rotten = next(path for path in (tmp_path / "remote").rglob("*") if path.is_file() and path.stat().st_size == 4000)
    rotten.chmod(0o644)
    rotten.write_bytes(b"PAR2" * 1000)
    with pytest.raises(Corrupted, match=r"flights\.parquet of batch 2013-05 has SHA-256"):
        data.fetch(batch)


def test_a_remote_that_is_down_or_wrong_is_unreachable(
    s3: dict[str, Any],
    folder: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # be quick about it
    with pytest.raises(Unreachable, match=r"s3://no-such-bucket/dvc.*bucket does not exist"):
        DvcStore("s3://no-such-bucket/dvc", tmp_path / "cache", **s3).commit(folder, "2013-05")
    down = DvcStore("s3://lake/dvc", tmp_path / "cache", **{**s3, "endpoint_url": "http://127.0.0.1:9"})
    with pytest.raises(Unreachable, match="s3://lake/dvc"):
        down.commit(folder, "2013-05")
    assert list((tmp_path / "cache").glob("*")) == []
    assert capfd.readouterr() == ("", "")


def test_a_pointer_leads_to_one_folder_only(data: DvcStore, folder: Path) -> None:
    with pytest.raises(DataError, match=r"is not the text of a \.dvc file"):
        data.fetch(batch_of(folder, "not: a pointer"))
    with pytest.raises(DataError, match=r"leads to '\.\./\.\./x'"):
        data.fetch(batch_of(folder, "outs: [{md5: 0.dir, path: ../../x}]"))
    with pytest.raises(DataError, match="cannot be a store key"):
        data.commit(folder, "../x")


def dvc(folder: Path, *command: str) -> str:
    """The dvc command, as a person types it."""
    env = {**os.environ, "DVC_NO_ANALYTICS": "true", "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "site")}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *command], cwd=folder, env=env, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["flight_delays-2013-05", "2013-05-01", "0123", "a: b"])
def test_dvc_itself_writes_the_same(data: DvcStore, folder: Path, tmp_path: Path, name: str) -> None:
    """The pointer's text and every object in the remote, name and bytes; the list holds a name beyond ASCII."""
    (folder / "größe.csv").write_bytes(b"")
    pointer = data.commit(folder, name)
    by_hand = tmp_path / "by hand"
    shutil.copytree(folder, by_hand / name)
    dvc(by_hand, "init", "-q", "--no-scm")
    dvc(by_hand, "remote", "add", "-q", "-d", "store", str(tmp_path / "other"))
    dvc(by_hand, "add", "-q", name)
    dvc(by_hand, "push", "-q")
    assert pointer == (by_hand / f"{name}.dvc").read_text()
    assert content(Path(data.url, "files")) == content(tmp_path / "other" / "files")


def test_processes_that_commit_the_same_at_once_agree(data: DvcStore, folder: Path) -> None:
    (folder / "large.bin").write_bytes(os.urandom(20_000_000))
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        pointers = set(pool.map(commit_elsewhere, *zip(*[(data.url, folder)] * 8, strict=True)))
    (pointer,) = pointers
    assert content(data.fetch(batch_of(folder, pointer))) == content(folder)
    assert not list(Path(data.url, ".everfit").iterdir())


def test_kill_9_in_the_middle_leaves_nothing_that_breaks(data: DvcStore, folder: Path, tmp_path: Path) -> None:
    """Killed at twelve moments of a commit: no object is ever wrong, DVC finds its way, and a retry completes it."""
    for number in range(3):
        (folder / f"large-{number}.bin").write_bytes(os.urandom(30_000_000))
    program = (
        "import sys; from pathlib import Path; from everfit.stores.dvc import DvcStore\n"
        "store = DvcStore(sys.argv[1], Path(sys.argv[2])); print('go', flush=True)\n"
        "store.commit(Path(sys.argv[3]), 'b')\n"
    )
    killed = 0
    for number in range(12):
        command = [sys.executable, "-c", program, data.url, str(tmp_path / "cache"), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"go\n"
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.01 + 0.02 * number)
            process.kill()
            killed += process.wait() == -9
        for path in (path for path in Path(data.url).glob("files/md5/*/*") if path.suffix != ".dir"):
            assert hashlib.md5(path.read_bytes()).hexdigest() == path.parent.name + path.name
    assert killed
    batch = batch_of(folder, data.commit(folder, "b"))
    assert content(data.fetch(batch)) == content(folder)
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "b.dvc").write_text(batch.pointer)
    dvc(clone, "init", "-q", "--no-scm")
    dvc(clone, "remote", "add", "-q", "-d", "store", data.url)
    dvc(clone, "pull", "-q")
    assert "in sync" in dvc(clone, "status", "-c")
    assert content(clone / "b") == content(folder)


def test_a_list_of_files_that_was_changed_is_not_followed(data: DvcStore, folder: Path) -> None:
    batch = batch_of(folder, data.commit(folder, "2013-05"))
    listed = next(Path(data.url).rglob("*.dir"))
    listed.chmod(0o644)
    listed.write_text(listed.read_text().replace("planes.csv", "../planes"))
    with pytest.raises(Corrupted, match="the list of files of batch 2013-05 was changed"):
        data.fetch(batch)


def test_a_batch_is_a_folder_of_plain_files(data: DvcStore, folder: Path) -> None:
    (folder / "deeper").mkdir()
    with pytest.raises(DataError, match="deeper cannot be part of a batch"):
        data.commit(folder, "2013-05")


def commit_elsewhere(url: str, folder: Path) -> str:
    return DvcStore(url, folder.parent / "elsewhere").commit(folder, "b")


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
