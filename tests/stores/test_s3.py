from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import Unreachable
from everfit.ledger import Ledger
from everfit.ledger.entries import Deployed
from everfit.stores import S3Store
from everfit.testing.fakes import TickingClock
from everfit.testing.stores import StoreConformance
from everfit.values import StoredFile
from tests.stores.proxy import faulty


class TestS3Store(StoreConformance):
    @pytest.fixture
    def store(self, s3: dict[str, Any], bucket: Callable[[], str], tmp_path: Path) -> S3Store:
        return S3Store(bucket(), cache=tmp_path / "cache", **s3)


@pytest.fixture
def url(bucket: Callable[[], str]) -> str:
    return bucket()


def test_a_client_can_be_given(s3: dict[str, Any], url: str) -> None:
    import boto3

    store = S3Store(url, boto3.client("s3", **s3))
    assert store.create("a", b"1")
    assert store.url == url


def test_a_download_is_made_once(s3: dict[str, Any], url: str, tmp_path: Path) -> None:
    store = S3Store(url, cache=tmp_path / "cache", **s3)
    (tmp_path / "f").write_bytes(b"bytes")
    stored = store.put_file("f", tmp_path / "f")
    path = store.local_file(stored)
    inode = path.stat().st_ino
    assert store.local_file(stored).stat().st_ino == inode
    path.write_bytes(b"bytez")
    assert store.local_file(stored).read_bytes() == b"bytes"
    assert [kept.name for kept in (tmp_path / "cache").rglob("*") if kept.is_file()] == ["f"]


def test_what_is_deleted_is_no_longer_in_the_cache(s3: dict[str, Any], url: str, tmp_path: Path) -> None:
    store, stored = S3Store(url, cache=tmp_path / "cache", **s3), {}
    for name in ("a/f[1]", "b/f[1]"):
        (tmp_path / "file").write_text(name)
        stored[name] = store.put_file(name, tmp_path / "file")
        store.local_file(stored[name])
    for _ in range(2):
        store.delete("a/f[1]")
    left = [path.read_text() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert left == ["b/f[1]"]


def test_a_service_that_is_down_is_unreachable_soon(url: str, tmp_path: Path) -> None:
    store = S3Store(url, cache=tmp_path, endpoint_url="http://127.0.0.1:9", aws_access_key_id="a", region_name="r",
                    aws_secret_access_key="b")  # fmt: skip
    begun = time.monotonic()
    for use in (lambda: store.create("a", b""), lambda: store.local_file(StoredFile("a", "0"))):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
            use()
    assert time.monotonic() - begun < 25
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_bucket_that_is_not_there_is_named(s3: dict[str, Any]) -> None:
    store = S3Store("s3://no-such-bucket", **s3)
    with pytest.raises(Unreachable, match=r"no-such-bucket.*NoSuchBucket.*look at bucket, rights and keys"):
        store.create("a", b"")


def test_a_body_cut_short_is_unreachable(s3: dict[str, Any], url: str) -> None:
    S3Store(url, **s3).write("a", b"0123456789")
    with faulty(s3["endpoint_url"], lambda method, _: "cut" if method == "GET" else "pass") as wire:
        store = S3Store(url, **{**s3, "endpoint_url": wire})
        with pytest.raises(Unreachable, match=r"/a: "):
            store.read("a")


def test_a_conflict_is_asked_again(s3: dict[str, Any], url: str) -> None:
    with faulty(s3["endpoint_url"], lambda method, n: "409" if method == "PUT" and n <= 2 else "pass") as wire:
        store = S3Store(url, **{**s3, "endpoint_url": wire})
        assert store.create("a", b"mine")
    assert S3Store(url, **s3).read("a") == b"mine"


def test_a_conflict_without_end_is_unreachable_unless_somebody_won(s3: dict[str, Any], url: str) -> None:
    with faulty(s3["endpoint_url"], lambda method, _: "409" if method == "PUT" else "pass") as wire:
        store = S3Store(url, **{**s3, "endpoint_url": wire})
        with pytest.raises(Unreachable, match="409"):
            store.create("a", b"mine")
        S3Store(url, **s3).write("a", b"theirs")
        assert not store.create("a", b"mine")


@pytest.mark.parametrize("dropped", [1, 100], ids=["the first answer", "every answer"])
def test_a_win_whose_answer_was_lost_still_counts(s3: dict[str, Any], url: str, dropped: int) -> None:
    """boto3 tries again and is told 412, or gives up; either way the entry is there, and it is ours."""
    Ledger("m", S3Store(url, **s3), TickingClock()).append("before", Deployed(1, 1))  # its probe needs an answer
    with faulty(s3["endpoint_url"], lambda method, n: "drop" if method == "PUT" and n <= dropped else "pass") as wire:
        ledger = Ledger("m", S3Store(url, **{**s3, "endpoint_url": wire}), TickingClock())
        entry = ledger.append("deployed:1", Deployed(1, 1))
    assert entry.seq == 2
    assert Ledger("m", S3Store(url, **s3), TickingClock()).entries()[1:] == (entry,)
