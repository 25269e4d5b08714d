"""A store with accepted months of real flights, for tests of what is built on them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from everfit.ledger import Ledger
from everfit.ledger.entries import BatchAccepted
from everfit.ports import Landing, Ports, Registry, Target
from everfit.spec import ModelSpec, load_spec
from everfit.stores import LocalStore
from everfit.stores.dvc import DvcStore
from everfit.testing.fakes import TickingClock
from everfit.values import Batch, FileHash, Snapshot, batch_sha256

if TYPE_CHECKING:
    from everfit.ledger.entry import Entry

NOBODY = cast(Registry, None)


@dataclass(frozen=True)
class Workshop:
    """Ports on a local folder (store and DVC remote are real), and a model's spec."""

    ports: Ports
    spec: ModelSpec

    @property
    def ledger(self) -> Ledger:
        return self.ports.ledger(self.spec.name)

    def accept(self, folder: Path, version: int = 1) -> Entry:
        """Take a landed month as an accepted batch."""
        copy = self.ports.work / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("_SUCCESS"))
        files = tuple(FileHash.of(path) for path in sorted(copy.iterdir()))
        sha256 = batch_sha256(files)
        pointer = self.ports.data.commit(copy, folder.name)
        shutil.rmtree(copy)
        batch = Batch(folder.name, version, sha256, 1, files, pointer)
        return self.ledger.append(f"arrival:{folder.name}:{sha256}", BatchAccepted(batch, sha256, ""))

    def snapshot(self, *partitions: str, holdout: int = 1) -> Snapshot:
        """The newest version of each partition, in the order given."""
        newest = {batch.partition: batch for _, batch in self.ledger.view().batches}
        return Snapshot(self.spec.name, tuple(newest[name] for name in partitions), holdout)

    def with_spec(self, **changes: object) -> Workshop:
        """The same with another spec, and nothing that was built for the old one under the new one's name."""
        return replace(self, spec=self.spec.model_copy(update=changes))


def open_workshop(
    root: Path, months: Sequence[Path], model: str = "flight_delays", registry: Registry = NOBODY
) -> Workshop:
    """A workshop whose ledger has accepted the landed `months`."""
    root.mkdir(parents=True, exist_ok=True)
    store = LocalStore(root / "store")
    ports = Ports(
        store=store,
        landing=cast(Landing, None),
        data=DvcStore(f"{store.url}/dvc", root / "dvc"),
        registry=registry,
        target=cast(Target, None),
        clock=TickingClock(),
        work=root / "work",
    )
    ports.work.mkdir(exist_ok=True)
    workshop = Workshop(ports, load_spec(model))
    for month in months:
        workshop.accept(month)
    return workshop
