"""Seconds to commit a batch to the DVC remote against hashing its files once, and against `dvc add` and `dvc push`.

python -m bench.store
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer
from rich.console import Console
from rich.table import Table

from everfit.stores.dvc import DvcStore
from everfit.stores.s3 import connect

ROUNDS = 3
AIM = 2.0
BATCHES = {"1 file, 500 MB": (1, 500_000_000), "1,000 files, 10 KB": (1000, 10_000)}
QUIET = {"DVC_NO_ANALYTICS": "1"}


@dataclass(frozen=True)
class Row:
    """Medians of one kind of batch and remote, in seconds; `dvc` is measured once, without Python's start."""

    batch: str
    remote: str
    floor: float
    commit: float
    dvc: float | None = None


def measure() -> list[Row]:
    """Each batch on a local remote, in turns with the hashing, and once on an S3 server of this machine."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="everfit-bench-") as place, server() as s3:
        for name, (count, size) in BATCHES.items():
            folder = make(Path(place, "batch"), count, size)
            pairs = [(timed(hash_once, folder), timed(commit, folder, f"{place}/{r}", {})) for r in range(ROUNDS)]
            md5, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
            rows.append(Row(name, "local folder", md5, ours, dvc(Path(place, "by-hand"), folder)))
            plain = timed(upload, folder, connect(**s3))
            rows.append(Row(name, "S3 (moto)", plain, timed(commit, folder, f"s3://lake/{count}", s3)))
            for old in Path(place).iterdir():
                shutil.rmtree(old)
    return rows


def tell(console: Console, rows: list[Row]) -> None:
    """The table."""
    table = Table("batch", "remote", "floor", "commit", "ratio", "dvc add + push", "ratio", box=None)
    for row in rows:
        by_hand = (f"{row.dvc:.2f} s", f"{row.dvc / row.floor:.0f}") if row.dvc else ("", "")
        ratio = f"[bold]{row.commit / row.floor:.1f}[/]"
        table.add_row(row.batch, row.remote, f"{row.floor:.2f} s", f"{row.commit:.2f} s", ratio, *by_hand)
    console.print(table)
    console.print(
        "floor: md5 of every file once (local), sending every file once with boto3 (S3)\n"
        f"aim: {AIM} on a local folder; medians of {ROUNDS}; bytes are on the disk when a commit returns\n"
    )


def commit(folder: Path, url: str, s3: dict[str, Any]) -> None:
    DvcStore(url, folder.parent / "cache", **s3).commit(folder, "b")


def upload(folder: Path, client: Any) -> None:
    for path in folder.iterdir():
        client.upload_file(str(path), "lake", f"plain/{path.name}")


def make(folder: Path, count: int, size: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.bin").write_bytes(os.urandom(size))
    os.sync()
    return folder


def hash_once(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            hashlib.file_digest(file, "md5")


def dvc(repository: Path, folder: Path) -> float:
    """`dvc add` and `dvc push` of a copy, less their start, which `dvc --version` shows."""
    repository.mkdir()
    env = {**os.environ, **QUIET, "DVC_SITE_CACHE_DIR": str(repository / "site")}

    def run(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=repository, env=env, check=True, capture_output=True)

    run("init", "--no-scm")
    run("remote", "add", "-d", "store", str(repository / "remote"))
    shutil.copytree(folder, repository / "b")
    start = timed(run, "--version")
    return timed(run, "add", "b") + timed(run, "push") - 2 * start


def timed(do: Callable[..., None], *args: Any) -> float:
    began = time.perf_counter()
    do(*args)
    return time.perf_counter() - began


@contextmanager
def server() -> Iterator[dict[str, Any]]:
    """An S3 server of this machine, in this process, with the bucket `lake`."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    options = {"endpoint_url": f"http://{host}:{port}", **keys}
    connect(**options).create_bucket(Bucket="lake")
    yield options
    moto.stop()


if __name__ == "__main__":
    console = Console()
    tell(console, measure())
