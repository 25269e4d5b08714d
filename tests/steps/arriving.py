"""A landing place on a disk or on a real S3 server, where a source delivers what a test wants."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from everfit.ports import Ports
from everfit.spec import ModelSpec
from everfit.steps.ingest import look, waiting
from everfit.stores import LocalStore
from everfit.stores.landing import open_landing
from everfit.stores.place import bucket_and_prefix
from everfit.stores.s3 import connect

_count = itertools.count()


@dataclass
class Source:
    """A source system, everfit's ports beside it, and a clock that a test turns."""

    url: str
    options: dict[str, Any]
    root: Path
    put: Callable[[str, bytes | None], None]
    now: list[datetime] = field(default_factory=lambda: [datetime(2013, 6, 1, tzinfo=UTC)])

    @property
    def ports(self) -> Ports:
        return Ports(
            store=LocalStore(self.root / "store"),
            landing=open_landing(self.url, **self.options),
            data=None,
            registry=None,
            target=None,
            clock=lambda: self.now[0],
            work=self.root / "work",
        )

    def later(self, seconds: float) -> None:
        self.now[0] += timedelta(seconds=seconds)

    def takes(self, spec: ModelSpec) -> list[tuple[str, tuple[str, ...]]]:
        return [(arrival.partition, arrival.files) for arrival in waiting(self.ports, spec)]

    def overdue(self, spec: ModelSpec):
        ports = self.ports
        return look(ports, ports.ledger(spec.name), spec.data).overdue


def local(root: Path) -> Source:
    place = root / "landing"
    place.mkdir()

    def put(path: str, data: bytes | None) -> None:
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink() if data is None else file.write_bytes(data)

    return Source(str(place), {}, root, put)


def on_s3(root: Path, options: dict[str, Any]) -> Source:
    client, name = connect(**options), f"lake-{next(_count)}"
    client.create_bucket(Bucket=name)
    url = f"s3://{name}/landing"
    bucket, prefix = bucket_and_prefix(url)

    def put(path: str, data: bytes | None) -> None:
        if data is None:
            client.delete_object(Bucket=bucket, Key=prefix + path)
        else:
            client.put_object(Bucket=bucket, Key=prefix + path, Body=data)

    return Source(url, options, root, put)


def model(**data: Any) -> ModelSpec:
    """A model whose deliveries are as `data` says."""
    tables = data.pop("tables", {"visits": {"file": "visits.csv"}})
    return ModelSpec(
        name="shop", task="binary", label="bought", time="at", data={"landing": "shop", "tables": tables, **data}
    )
