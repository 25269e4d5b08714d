from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import SpecError, StoreUnsafe, Unreachable
from everfit.stores import LocalStore, S3Store, open_store
from everfit.testing.stores import StoreConformance


class TestLocalStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalStore:
        return LocalStore(tmp_path / "not" / "there" / "yet")


def test_a_url_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_store("data").url == (tmp_path / "data").as_posix()
    assert open_store(f"file://{tmp_path}/a%20b").url == f"{tmp_path}/a b"


def test_the_address_says_which_store(tmp_path: Path) -> None:
    options: dict[str, Any] = {"endpoint_url": "http://127.0.0.1:1", "cache": tmp_path}
    assert isinstance(open_store(str(tmp_path), **options), LocalStore)
    assert isinstance(open_store("s3://lake/x", **options), S3Store)
    for url in ("gs://lake/x", "file://elsewhere/x", "s3://"):
        with pytest.raises(SpecError, match=r"wanted .*s3://bucket"):
            open_store(url)


def test_what_is_created_is_complete_after_a_kill(tmp_path: Path) -> None:
    writer = (
        "import itertools, sys; from pathlib import Path; from everfit.stores import LocalStore\n"
        "store = LocalStore(Path(sys.argv[1]))\n"
        "for n in itertools.count(): store.create(f'a/{n}', b'x' * 400_000); store.write('b', b'y' * 400_000)\n"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", writer, str(tmp_path / "store")])
        known = len(list(tmp_path.rglob("store/a/[0-9]*")))
        while len(list(tmp_path.rglob("store/a/[0-9]*"))) < known + 5:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        store = LocalStore(tmp_path / "store")
        assert {len(store.read(key)) for key in store.list("")} == {400_000}


def test_a_folder_that_cannot_be_written_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = LocalStore(tmp_path / "file")
    with pytest.raises(Unreachable, match=r"file.*Not a directory|file.*File exists"):
        store.create("a/b", b"")


def test_a_file_system_without_hard_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT and some network mounts have none; no such file system can be had here, so the kernel's answer is played."""

    def link(_: object, __: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(StoreUnsafe, match="has no hard links"):
        LocalStore(tmp_path).create("a", b"")
    assert list(tmp_path.iterdir()) == []
