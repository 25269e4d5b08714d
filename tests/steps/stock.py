"""A store with many models' batches and versions, without any training: for tests of what follows from the ledgers."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from everfit.ledger import Entry, View
from everfit.ledger.entries import (
    BatchAccepted,
    BatchQuarantined,
    BatchRecalled,
    CandidateJudged,
    ModelRegistered,
    Monitored,
    Promoted,
    RolledBack,
    RunTriggered,
)
from everfit.ports import Landing, Ports, Registry, Target
from everfit.spec import ModelSpec
from everfit.stores import open_store
from everfit.stores.dvc import DvcStore
from everfit.stores.git import GitPointers
from everfit.values import Batch, FileHash, ModelVersion, Snapshot, StoredFile, batch_sha256

Files = Mapping[str, bytes]


@dataclass
class Watch:
    """A clock that a test sets."""

    now: datetime = datetime(2013, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, days: float) -> None:
        self.now += timedelta(days=days)


@dataclass
class Stock:
    ports: Ports
    watch: Watch

    def view(self, model: str) -> View:
        return self.ports.ledger(model).view()

    def accept(self, model: str, partition: str, files: Files) -> Batch:
        """Deliver the files as a batch: staged, committed and accepted, as ingest does it."""
        version = 1 + sum(e.body.batch.partition == partition for e in self.view(model).of(BatchAccepted))
        fingerprint = f"f{version}"
        for name, data in files.items():
            self.ports.store.write(f"staged/{model}/{partition}-{fingerprint}/{name}", data)
        with tempfile.TemporaryDirectory(dir=self.ports.work) as folder:
            for name, data in files.items():
                Path(folder, name).write_bytes(data)
            hashes = tuple(FileHash.of(Path(folder, name)) for name in sorted(files))
            pointer = self.ports.data.commit(Path(folder), f"{model}-{partition}")
        sha256 = batch_sha256(hashes)
        batch = Batch(partition, version, sha256, 1, hashes, pointer)
        self._append(model, f"arrival:{partition}:{fingerprint}", BatchAccepted(batch, fingerprint, ""))
        return batch

    def quarantine(self, model: str, partition: str) -> None:
        folder = f"quarantine/{model}/{partition}/0"
        self.ports.store.write(f"{folder}/trips.csv", b"bad")
        self._append(model, f"arrival:{partition}:bad", BatchQuarantined(partition, "bad", "0", ("bad",), "", folder))

    def run(self, model: str, *batches: Batch) -> RunTriggered:
        """Begin a training run on the batches."""
        name = f"run-{len(self.view(model).triggers) + 1}"
        snapshot = Snapshot(model, batches, 1)
        body = RunTriggered(name, "new data", "us", "", snapshot.id, batches, 1, (), forced=False, device="cpu")
        self._append(model, f"run:{name}", body)
        self.ports.store.write(f"features/{model}/{name}.parquet", b"table")
        return body

    def register(self, model: str, *batches: Batch) -> int:
        """Train a version on the batches and register it."""
        run = self.run(model, *batches)
        evidence = StoredFile(f"evidence/{model}/{run.run}.parquet", "0")
        sample = StoredFile(f"evidence/{model}/{run.run}-sample.json", "0")
        for file in (evidence, sample):
            self.ports.store.write(file.key, b"scores")
        judged = CandidateJudged(run.run, "mlflow", run.snapshot, (), None, True, "good", (), evidence, sample)
        seq = self._append(model, f"judged:{run.run}", judged).seq
        version = len(self.view(model).versions) + 1
        made = ModelRegistered(ModelVersion(model, version, "mlflow", ()), seq)
        self._append(model, f"registered:{version}", made)
        return version

    def promote(self, model: str, version: int) -> None:
        view = self.view(model)
        self._append(model, f"promoted:{len(view.entries)}", Promoted(version, view.champion, 0, 1, 0.0))

    def look(self, model: str, version: int, name: str) -> None:
        """Look at the champion: nothing but the numbers is kept."""
        evidence = StoredFile(f"monitor/{model}/looks/{name}.json", "0")
        self.ports.store.write(evidence.key, b"{}")
        now = self.watch()
        found = Monitored(version, now, now, 1, 1, 0.01, (), "none", "wait", "no harm was found", "", evidence)
        self._append(model, f"monitored:{name}", found)

    def roll_back(self, model: str) -> None:
        view = self.view(model)
        assert view.previous is not None
        assert view.champion is not None
        body = RolledBack(view.previous, view.champion, "worse", "us")
        self._append(model, f"rollback:{len(view.entries)}", body)

    def recall(self, model: str, batch: Batch) -> None:
        seqs = tuple(e.seq for e in self.view(model).of(BatchAccepted) if e.body.batch == batch)
        self._append(model, f"recall:{seqs}", BatchRecalled(batch.partition, seqs, (), "wrong", "us"))

    def elsewhere(self, folder: Path) -> Stock:
        """The same store seen from a machine that has fetched nothing yet."""
        return replace(self, ports=replace(self.ports, data=DvcStore(self.ports.data.url, folder)))

    def _append(self, model: str, key: str, body: Any) -> Entry:
        self.watch.wait(1 / 24)
        return self.ports.ledger(model).append(key, body)


def stock_in(root: Path, url: str = "", **s3: Any) -> Stock:
    """An empty stock: everything under `root`, or the store under `url`; the git repository is in `root`."""
    watch = Watch()
    store = open_store(url or str(root / "store"), cache=root / "files", **s3)
    ports = Ports(
        store=store,
        landing=cast(Landing, None),
        data=DvcStore(f"{store.url}/dvc", root / "fetched", **s3),
        registry=cast(Registry, None),
        target=cast(Target, None),
        clock=watch,
        work=root / "work",
        pointers=GitPointers(str(root / "pointers.git")),
    )
    ports.work.mkdir(parents=True)
    return Stock(ports, watch)


def spec_of(model: str, **keep: Any) -> ModelSpec:
    """A spec with two batches in its window, and the given `keep` (none: everything)."""
    return ModelSpec(
        name=model,
        task="binary",
        label="late",
        time="left",
        data={"landing": "trips", "tables": {"trips": {"file": "trips.csv"}}},
        window={"batches": 2, "holdout": 1, "at_least": 2},
        keep=keep or None,
    )
