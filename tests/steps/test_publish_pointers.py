"""The pointers of all models in git: what a person gets back with `git clone` and `dvc pull`, and nothing of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import LedgerError
from everfit.ledger.entries import PointersPublished
from everfit.steps.housekeeping import free
from everfit.steps.publish_pointers import publish_pointers
from tests.services import s3_server
from tests.steps.stock import Stock, spec_of, stock_in


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return stock_in(tmp_path / "place")


def by_hand(folder: Path, *command: str, **env: str) -> str:
    quiet = {"DVC_NO_ANALYTICS": "true", "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "tmp" / "site")}
    words = [sys.executable, "-m", "dvc", *command[1:]] if command[0] == "dvc" else list(command)
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **quiet, **env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def cloned(stock: Stock, into: Path) -> Path:
    by_hand(into.parent, "git", "clone", "-q", stock.ports.pointers.url, into.name)
    return into


def data_in(clone: Path) -> dict[str, bytes]:
    return {
        path.relative_to(clone).as_posix(): path.read_bytes()
        for path in clone.glob("*/*/*")
        if path.is_file() and not path.relative_to(clone).as_posix().startswith(".")
    }


def pointers_in(clone: Path) -> list[str]:
    return sorted(path.relative_to(clone).as_posix() for path in clone.glob("*/*.dvc"))


def test_a_clone_and_dvc_pull_give_back_every_byte(stock: Stock, tmp_path: Path) -> None:
    for month in ("2013-01", "2013-02"):
        stock.accept("delays", month, {"trips.csv": month.encode(), "planes.csv": b"shared"})
        stock.accept("minutes", month, {"rides.parquet": b"PAR1" + month.encode()})
    stock.accept("delays", "2013-01", {"trips.csv": b"corrected", "planes.csv": b"shared"})
    published = publish_pointers(stock.ports)
    clone = cloned(stock, tmp_path / "clone")
    assert by_hand(clone, "git", "rev-parse", "HEAD").strip() == published.revision
    by_hand(clone, "dvc", "pull", "-q")
    assert data_in(clone) == {
        "delays/delays-2013-01/trips.csv": b"corrected",
        "delays/delays-2013-01/planes.csv": b"shared",
        "delays/delays-2013-02/trips.csv": b"2013-02",
        "delays/delays-2013-02/planes.csv": b"shared",
        "minutes/minutes-2013-01/rides.parquet": b"PAR12013-01",
        "minutes/minutes-2013-02/rides.parquet": b"PAR12013-02",
    }
    assert "in sync" in by_hand(clone, "dvc", "status", "-c")
    assert by_hand(clone, "git", "status", "--porcelain") == ""
    message = by_hand(clone, "git", "log", "-1", "--format=%an <%ae>%n%B")
    assert message.strip() == (
        "everfit <everfit@localhost>\nBatches of delays, minutes\n\n"
        "delays: add 2013-01 v2, 2013-02\nminutes: add 2013-01, 2013-02"
    )


def test_doing_it_again_does_nothing_and_the_ledgers_say_what_is_there(stock: Stock) -> None:
    stock.accept("delays", "2013-01", {"a": b"1"})
    stock.accept("minutes", "2013-01", {"a": b"1"})
    first = publish_pointers(stock.ports)
    heads = {model: stock.view(model).head for model in ("delays", "minutes")}
    assert publish_pointers(stock.ports) == first
    assert {model: stock.view(model).head for model in ("delays", "minutes")} == heads
    stock.accept("minutes", "2013-02", {"a": b"2"})
    second = publish_pointers(stock.ports)
    (receipt,) = [entry.body for entry in stock.view("delays").of(PointersPublished)]
    assert receipt == PointersPublished(first.revision, 1)
    assert stock.view("minutes").of(PointersPublished)[-1].body == PointersPublished(second.revision, 3)


def test_a_crash_before_the_receipt_is_made_up_for(stock: Stock) -> None:
    stock.accept("delays", "2013-01", {"a": b"1"})
    ports = replace(stock.ports, pointers=DiesAfterPushing(stock.ports.pointers))
    with pytest.raises(KeyboardInterrupt, match="killed"):
        publish_pointers(ports)
    assert not stock.view("delays").of(PointersPublished)
    published = publish_pointers(stock.ports)
    assert stock.view("delays").of(PointersPublished)[0].body.revision == published.revision
    assert by_hand(Path(stock.ports.pointers.url), "git", "rev-list", "--count", "main") == "1\n"


class DiesAfterPushing:
    """A repository whose client is killed once the push is done."""

    def __init__(self, inner: Any) -> None:
        self.url, self._inner = inner.url, inner

    def publish(self, make: Any) -> str:
        self._inner.publish(make)
        raise KeyboardInterrupt("killed")


def test_what_is_recalled_or_deleted_goes_and_stays_in_the_history(stock: Stock, tmp_path: Path) -> None:
    for month in ("2013-01", "2013-02", "2013-03", "2013-04"):
        stock.accept("delays", month, {"a": month.encode()})
    corrected = stock.accept("delays", "2013-03", {"a": b"wrong"})
    publish_pointers(stock.ports)
    clone = cloned(stock, tmp_path / "clone")
    old = (clone / "delays/2013-03.dvc").read_text()
    stock.recall("delays", corrected)
    publish_pointers(stock.ports)
    by_hand(clone, "git", "pull", "-q")
    assert (clone / "delays/2013-03.dvc").read_text() not in ("", old)
    stock.watch.wait(400)
    free(stock.ports, spec_of("delays", versions=0, batches=0, days=7), "one")
    publish_pointers(stock.ports)
    by_hand(clone, "git", "pull", "-q")
    assert pointers_in(clone) == ["delays/2013-03.dvc", "delays/2013-04.dvc"]
    assert by_hand(clone, "git", "log", "-1", "--format=%s").strip() == "delays: remove 2013-01, 2013-02"
    assert by_hand(clone, "git", "log", "--oneline", "--", "delays/2013-01.dvc").count("\n") == 2
    by_hand(clone, "dvc", "pull", "-q")


def test_commits_that_race_leave_what_all_ledgers_say(stock: Stock, tmp_path: Path) -> None:
    """Processes accept batches of three models and publish at the same time; a last sweep has nothing left to do."""
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        list(pool.map(deliver_and_publish, [(tmp_path / "place", f"model_{n}") for n in range(3)]))
    clone = cloned(stock, tmp_path / "clone")
    wanted = sorted(f"model_{n}/2013-{month:02d}.dvc" for n in range(3) for month in range(1, 5))
    assert pointers_in(clone) == wanted
    revision = by_hand(clone, "git", "rev-parse", "HEAD").strip()
    assert publish_pointers(stock.ports).revision == revision
    by_hand(clone, "dvc", "pull", "-q")
    assert len(data_in(clone)) == 12
    removed = by_hand(clone, "git", "log", "--diff-filter=D", "--name-only", "--format=")
    assert removed == "", "a commit took back what another one had added"


def deliver_and_publish(task: tuple[Path, str]) -> None:
    place, model = task
    stock = stock_in(place / model, str(place / "store"))
    ports = replace(stock.ports, pointers=type(stock.ports.pointers)(str(place / "pointers.git")))
    for month in range(1, 5):
        stock.accept(model, f"2013-{month:02d}", {"a.csv": f"{model} {month}".encode()})
        publish_pointers(ports)


def test_people_keep_what_they_like_beside_the_pointers(stock: Stock, tmp_path: Path) -> None:
    stock.accept("delays", "2013-01", {"a": b"1"})
    publish_pointers(stock.ports)
    clone = cloned(stock, tmp_path / "clone")
    (clone / "other").mkdir()
    for path in ("README.md", "other/own.dvc"):
        (clone / path).write_text("outs: []\n")
    by_hand(clone, "git", "add", "-A")
    by_hand(clone, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "Ours")
    by_hand(clone, "git", "push", "-q")
    stock.accept("delays", "2013-02", {"a": b"2"})
    publish_pointers(stock.ports)
    by_hand(clone, "git", "pull", "-q")
    assert pointers_in(clone) == ["delays/2013-01.dvc", "delays/2013-02.dvc", "other/own.dvc"]
    assert (clone / "README.md").exists()


def test_without_a_repository_it_says_what_to_do(stock: Stock) -> None:
    with pytest.raises(LedgerError, match="add the connection everfit_pointers"):
        publish_pointers(replace(stock.ports, pointers=None))


@pytest.fixture
def s3() -> Iterator[dict[str, Any]]:
    with s3_server() as options:
        yield options | {"aws_secret_access_key": "a-very-secret-word"}


def test_on_s3_whoever_pulls_brings_the_keys(s3: dict[str, Any], tmp_path: Path) -> None:
    from everfit.stores.s3 import connect

    connect(**s3).create_bucket(Bucket="lake")
    stock = stock_in(tmp_path / "place", "s3://lake/ever/fit", **s3)
    stock.accept("delays", "2013-01", {"a.csv": b"1", "large.bin": b"x" * 9_000_000})
    publish_pointers(stock.ports)
    clone = cloned(stock, tmp_path / "clone")
    files = [path for path in clone.rglob("*") if path.is_file()]
    assert not any(b"secret" in path.read_bytes() for path in files)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "a-very-secret-word"}
    by_hand(clone, "dvc", "pull", "-q", **keys)
    assert data_in(clone) == {"delays/delays-2013-01/a.csv": b"1", "delays/delays-2013-01/large.bin": b"x" * 9_000_000}
    assert "in sync" in by_hand(clone, "dvc", "status", "-c", **keys)
