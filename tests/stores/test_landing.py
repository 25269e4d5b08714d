from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import Unreachable
from everfit.ports import Landing
from everfit.stores.landing import LocalLanding, S3Landing, open_landing
from everfit.stores.place import bucket_and_prefix
from everfit.stores.s3 import connect
from everfit.testing.stores import Deliver, LandingConformance


class TestLocalLanding(LandingConformance):
    @pytest.fixture
    def landing(self, tmp_path: Path) -> Landing:
        (tmp_path / "landing").mkdir()
        return open_landing(str(tmp_path / "landing"))

    @pytest.fixture
    def deliver(self, tmp_path: Path) -> Deliver:
        def put(path: str, data: bytes | None) -> None:
            file = tmp_path / "landing" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink() if data is None else file.write_bytes(data)

        return put


class TestS3Landing(LandingConformance):
    @pytest.fixture
    def url(self, bucket: Callable[[], str]) -> str:
        return bucket()

    @pytest.fixture
    def landing(self, s3: dict[str, Any], url: str) -> Landing:
        return open_landing(url, **s3)

    @pytest.fixture
    def deliver(self, s3: dict[str, Any], url: str) -> Deliver:
        client, (bucket, prefix) = connect(**s3), bucket_and_prefix(url)

        def put(path: str, data: bytes | None) -> None:
            if data is None:
                client.delete_object(Bucket=bucket, Key=prefix + path)
            else:
                client.put_object(Bucket=bucket, Key=prefix + path, Body=data)

        return put


def test_the_address_says_which_landing(tmp_path: Path) -> None:
    assert isinstance(open_landing(f"file://{tmp_path}", region_name="r"), LocalLanding)
    assert isinstance(open_landing("s3://lake/landing", region_name="r"), S3Landing)


def test_a_landing_place_that_is_gone_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"landing place .*gone is not there"):
        open_landing(str(tmp_path / "gone")).look("flights", "folder")


def test_nothing_is_ever_written(tmp_path: Path) -> None:
    folder = tmp_path / "landing/flights/2013-05"
    folder.mkdir(parents=True)
    for name in ("a.csv", "_SUCCESS"):
        (folder / name).write_bytes(b"x")
        (folder / name).chmod(0o444)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("landing/**/*")}
    landing = LocalLanding(tmp_path / "landing")
    landing.fetch("flights", landing.look("flights", "folder"), tmp_path / "into")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("landing/**/*")} == before
