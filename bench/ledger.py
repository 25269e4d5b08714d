"""How long a task waits for a long ledger: `python -m bench.ledger [ENTRIES ...]`, on a local disk and on moto's S3.

Measured is what settling one delivery asks of it: open it, see whether the delivery is settled, take over the work, see
whether the partition holds these bytes, and append the outcome. "first" is a machine that has read nothing of it yet.
"""

from __future__ import annotations

import hashlib
import logging
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from everfit.ledger import Ledger
from everfit.ledger.entries import BatchAccepted, BatchDuplicate, Body
from everfit.ledger.entry import encode
from everfit.ports import Store
from everfit.stores import LocalStore, S3Store
from everfit.values import Batch, FileHash

TABLES = ("flights.parquet", "weather.parquet", "planes.csv", "airports.csv")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def body(seq: int) -> tuple[str, Body]:
    """Every third delivery is a duplicate."""
    partition, sha256 = f"part-{seq:05d}", hashlib.sha256(str(seq).encode()).hexdigest()
    if seq % 3 == 0:
        return f"arrival:{partition}:{sha256}", BatchDuplicate(partition, sha256, sha256, seq - 1)
    files = tuple(FileHash(name, sha256, 10_000) for name in TABLES)
    batch = Batch(partition, 1, sha256, 1000, files, "outs:\n- md5: 0\n")
    return f"arrival:{partition}:{sha256}", BatchAccepted(batch, sha256, f"reports/m/{partition}.html")


def fill(store: Store, entries: int) -> None:
    prev = ""
    for seq in range(1, entries + 1):
        data = encode(seq, prev, NOW, *body(seq))
        store.write(f"ledger/m/{seq:08d}.json", data)
        prev = hashlib.sha256(data).hexdigest()


def settle(store: Store, cache: Path | None, number: int) -> float:
    """Milliseconds for one delivery."""
    begun = time.perf_counter()
    ledger, (key, outcome) = Ledger("m", store, lambda: NOW, cache), body(10_000_000 + 3 * number)
    ledger.view().claimed(key)
    fence = ledger.open(f"ingest:{number}", "try 1")
    ledger.view().holds("part-00001", "other bytes")
    ledger.decide(key, lambda _: outcome, fence)
    return (time.perf_counter() - begun) * 1000


def measure(name: str, store: Store, work: Path, entries: int) -> None:
    fill(store, entries)
    without = statistics.median(settle(store, None, number) for number in range(3))
    first, *then = (settle(store, work, number) for number in range(100, 110))
    print(f"{name:6}{entries:>7,} entries: no cache {without:7.0f} ms; cache: first {first:6.0f} ms, then "
          f"{statistics.median(then):5.1f} ms (best {min(then):.1f})", flush=True)  # fmt: skip


def main() -> None:
    from moto.server import ThreadedMotoServer

    from everfit.stores.s3 import connect

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"region_name": "us-east-1", "aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    s3 = {"endpoint_url": f"http://{host}:{port}", **keys}
    for entries in map(int, sys.argv[1:] or ["100", "1000", "5000"]):
        with tempfile.TemporaryDirectory() as folder:
            measure("local", LocalStore(Path(folder, "store")), Path(folder, "local"), entries)
            connect(**s3).create_bucket(Bucket=f"bench-{entries}")
            measure("s3", S3Store(f"s3://bench-{entries}/x", **s3), Path(folder, "s3"), entries)
    server.stop()


if __name__ == "__main__":
    main()
