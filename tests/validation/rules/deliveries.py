"""Deliveries made on purpose: small shops with customers, orders and returns, in real files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from everfit.testing.fakes import MemoryStore
from everfit.validation.delivery import Delivery
from everfit.validation.read import read_table
from everfit.validation.stream import Part
from everfit.values import Batch, digest

Tables = Mapping[str, pd.DataFrame]
_numbers = itertools.count()


def shop(month: int = 3, *, rows: int = 400, seed: int | None = None, late: float = 0.3) -> Tables:
    """A month of orders in 2013 by 50 customers; `returned` is the label, missing for the last two days' orders."""
    rng = np.random.default_rng(100 + month if seed is None else seed)
    begin = pd.Timestamp(2013, month, 1, tz="UTC")
    orders = pd.DataFrame(
        {
            "order": month * 100_000 + np.arange(rows),
            "customer": rng.integers(0, 50, rows),
            "placed": begin + pd.to_timedelta(np.sort(rng.uniform(0, 28, rows)), unit="D").floor("s"),
            "price": rng.gamma(3, 20, rows).round(2),
            "shop": rng.choice(["north", "south", "web"], rows, p=[0.5, 0.3, 0.2]),
            "returned": (rng.random(rows) < late).astype(float),
        }
    )
    orders.loc[orders["placed"] >= begin + pd.Timedelta(days=26), "returned"] = np.nan
    return {"orders": orders, "customers": pd.DataFrame({"customer": np.arange(50), "grade": ["a", "b"] * 25})}


class Shelf:
    """Where deliveries lie as files, and the accepted ones among them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, MemoryStore()
        self.accepted: dict[str, Delivery] = {}
        self.batches: dict[str, Batch] = {}
        self.opened: list[str] = []

    def delivery(self, tables: Tables, partition: str = "2013-03", kind: str = "parquet") -> Delivery:
        """A delivery of these tables, as files of this kind; each table may be a list of parts."""
        folder = self.folder / f"{next(_numbers)}"
        folder.mkdir(parents=True)
        parts = {name: [_written(frame, folder / f"{name}.{kind}")] for name, frame in tables.items()}
        sha256 = digest([partition, *(part.path.read_bytes().hex() for files in parts.values() for part in files)])
        return Delivery(
            model="shop_returns",
            partition=partition,
            sha256=sha256,
            tables=parts,
            label="returned",
            time="placed",
            task="binary",
            code="0" * 64,
            store=self.store,
            make_rows=lambda: read_table(parts["orders"][0].path),
            make_features=lambda rows: rows[["price", "shop"]],
            earlier=tuple(self.batches[name] for name in sorted(self.batches) if name != partition),
            look=self._open,
        )

    def accept(self, tables: Tables, partition: str, kind: str = "parquet") -> Delivery:
        """The same, and it is an earlier batch for all that follow."""
        made = self.delivery(tables, partition, kind)
        self.accepted[made.sha256] = made
        self.batches[partition] = Batch(partition, 1, made.sha256, len(tables["orders"]), (), "")
        return made

    def _open(self, batch: Batch) -> Delivery:
        self.opened.append(batch.partition)
        return self.accepted[batch.sha256]


def with_features(delivery: Delivery, make: Callable[[pd.DataFrame], pd.DataFrame]) -> Delivery:
    return replace(delivery, make_features=make)


def changed(tables: Tables, table: str = "orders", **columns: object) -> Tables:
    """The tables with other columns in one of them."""
    return {**tables, table: tables[table].assign(**columns)}


def history(shelf: Shelf, months: Sequence[int]) -> None:
    for month in months:
        shelf.accept(shop(month), f"2013-{month:02}")


def _written(frame: pd.DataFrame, path: Path) -> Part:
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return Part(path.name, path)
