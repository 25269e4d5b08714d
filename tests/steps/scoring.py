"""A house with two small models that answer differently, in which batches are scored; copied for each test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from everfit.ledger import Ledger
from everfit.ledger.entries import (
    BatchAccepted,
    BatchRecalled,
    BatchScored,
    DeploymentStarted,
    ModelRegistered,
    Promoted,
    RunTriggered,
    StageEntered,
)
from everfit.ports import Ports
from everfit.predictor import Predictor
from everfit.registry import MlflowRegistry
from everfit.spec import AnswersSpec, ModelSpec, ScoreSpec
from everfit.steps.score import score
from everfit.stores import open_store
from everfit.stores.dvc import DvcStore
from everfit.stores.landing import open_landing
from everfit.testing.fakes import TickingClock
from everfit.values import Batch, FileHash, StoredFile, batch_sha256
from tests.ledger.bodies import judged
from tests.services import shared_mlflow
from tests.toy_model import CODE, publish, toy_folder

ROWS = """
def rows(tables):
    made = tables["trips"].merge(tables["carriers"], on="carrier", how="left", validate="many_to_one")
    return made.assign(hour=made["hour"] + made["behind"].fillna(0))
"""
SUITES = {
    "trips": """{"name": "trips", "expectations": [
      {"type": "expect_column_values_to_be_between", "kwargs": {"column": "hour", "min_value": 0, "max_value": 23}},
      {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "late"}}
    ]}""",
    "carriers": """{"name": "carriers", "expectations": [
      {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "carrier"}}
    ]}""",
}
USUAL = AnswersSpec()
CARRIERS = pd.DataFrame({"carrier": ["UA", "AA", "DL", "B6"], "behind": [0, 1, 2, 0]})


def trips(month: int, count: int = 300) -> pd.DataFrame:
    """A month of trips; B6 flies in none of the months that the models know."""
    random = np.random.default_rng(month)
    left = pd.Timestamp(2013, month, 1, tzinfo=UTC) + pd.to_timedelta(random.integers(0, 27 * 24, count), "h")
    hour, carrier = (
        random.integers(5, 20, count),
        random.choice(["UA", "AA", "DL", "B6"], count, p=[0.3, 0.3, 0.3, 0.1]),
    )
    late = (hour + random.normal(0, 4, count) > 15).astype(float)
    plane = pd.Series(random.integers(0, 60, count)).map("N{:03}".format).where(random.random(count) > 0.1)
    return pd.DataFrame(
        {"number": range(count), "plane": plane, "hour": hour, "carrier": carrier, "leaves": left, "late": late}
    )


@dataclass(frozen=True)
class House:
    """Everything that scoring needs, for one model."""

    root: Path
    ports: Ports
    spec: ModelSpec

    @property
    def ledger(self) -> Ledger:
        return self.ports.ledger(self.spec.name)

    def accept(self, month: int, frame: pd.DataFrame | None = None) -> int:
        """Take a month as an accepted batch; the next version of its partition if it is not the first."""
        frame, partition = trips(month) if frame is None else frame, f"2013-{month:02}"
        folder = self.root / f"batch-{uuid4().hex}"
        folder.mkdir(parents=True)
        frame.to_parquet(folder / "trips.parquet", index=False)
        CARRIERS.to_csv(folder / "carriers.csv", index=False)
        files = tuple(FileHash.of(path) for path in sorted(folder.iterdir()))
        pointer = self.ports.data.commit(folder, partition)
        version = 1 + len(self.ledger.view().accepted(partition))
        batch = Batch(partition, version, batch_sha256(files), len(frame), files, pointer)
        return self.ledger.append(f"arrival:{folder.name}", BatchAccepted(batch, folder.name, "")).seq

    def land(self, partition: str, frame: pd.DataFrame) -> Path:
        """Deliver rows to be scored."""
        folder = self.root / "landing" / "to_score" / partition
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "_SUCCESS").unlink(missing_ok=True)
        frame.to_parquet(folder / "trips.parquet", index=False)
        CARRIERS.to_csv(folder / "carriers.csv", index=False)
        (folder / "_SUCCESS").touch()
        return folder

    def add_version(self, seed: int, code: str = CODE + ROWS, *months: int, answers: AnswersSpec = USUAL) -> int:
        """Register a toy model that knows the months, and gives these answers to odd rows."""
        folder = toy_folder(self.root / f"toy-{seed}", seed, self.spec.name, code, answers)
        made = publish(self.ports.registry, folder, self.spec.name, f"run:{seed}")
        known = tuple(batch for _, batch in self.ledger.view().batches if int(batch.partition[-2:]) in months)
        run = RunTriggered(f"run:{seed}", "new data", "us", "", "snap", known, 1, (), forced=False, device="cpu")
        self.ledger.append(f"run:{seed}", run)
        entry = self.ledger.append(f"judged:{seed}", judged(f"run:{seed}", self.ledger.view().champion))
        self.ledger.append(f"registered:{seed}", ModelRegistered(made, entry.seq))
        return made.version

    def promote(self, version: int) -> None:
        self.ledger.append(f"promoted:{version}", Promoted(version, self.ledger.view().champion, 0, 3, 0.0))

    def recall(self, partition: str) -> None:
        seqs = tuple(entry.seq for entry in self.ledger.view().accepted(partition))
        body = BatchRecalled(partition, seqs, (), "the clocks were wrong", "ann")
        self.ledger.append(f"recall:{partition}:{seqs}", body)

    def stage(self, share: float, key: str = "", number: int = 1, *, shadow: bool = False) -> None:
        """Version 2 is on trial: it answers a share, or looks on from the shadow."""
        started = self.ledger.append("deploy:2:1", DeploymentStarted(2, 1))
        began = datetime(2013, 6, 1, tzinfo=UTC)
        body = StageEntered(2, started.seq, number, f"{share:.0%}", share, shadow, key, began, "a test")
        self.ledger.append(f"stage:2:{number}", body)

    def score(self, partition: str = "2013-05", attempt: str = "try-1") -> Any:
        return score(self.ports, self.spec, partition, attempt, lambda _: None)

    def scored(self, partition: str = "2013-05", attempt: str = "try-1") -> BatchScored:
        body = self.score(partition, attempt).body
        assert isinstance(body, BatchScored)
        return body

    def frame(self, file: StoredFile) -> pd.DataFrame:
        made: pd.DataFrame = pq.read_table(self.ports.store.local_file(file)).to_pandas()
        return made

    def offline(self, version: int, frame: pd.DataFrame) -> list[float]:
        """What a version says of the trips, scored by hand."""
        made = self.ledger.view().versions[version]
        predictor = Predictor.load(self.ports.registry.model_files(made.mlflow_run, made.files))
        said: list[float] = predictor.predict(predictor.code.rows({"trips": frame, "carriers": CARRIERS})).tolist()
        return said

    def but(self, **said: Any) -> House:
        """The same house where the spec's `score` says something else."""
        return replace(self, spec=self.spec.model_copy(update={"score": ScoreSpec(**said)}))


def house_in(root: Path, name: str, store: str = "", **s3: Any) -> House:
    """An empty house."""
    folder = root / "models" / name
    (folder / "expectations").mkdir(parents=True, exist_ok=True)
    for table, suite in SUITES.items():
        (folder / f"expectations/{table}.json").write_text(suite)
    spec = ModelSpec(
        name=name,
        task="binary",
        label="late",
        time="leaves",
        data={"landing": "trips", "tables": {"trips": {"file": "trips.parquet"}, "carriers": {"file": "carriers.csv"}}},
        score=ScoreSpec(key=("number",)),
        folder=folder,
    )
    (root / "landing").mkdir(exist_ok=True)
    kept = open_store(store or str(root / "store"), cache=root / "files", **s3)
    ports = Ports(
        store=kept,
        landing=open_landing(str(root / "landing")),
        data=DvcStore(f"{kept.url}/dvc", root / "fetched", **s3),
        registry=MlflowRegistry(shared_mlflow().url, root / "models-here"),
        target=None,  # type: ignore[arg-type]
        clock=TickingClock(),
        work=root / "work",
    )
    return House(root, ports, spec)


def furnished(house: House) -> House:
    """January to March are known to versions 1 and 2; 1 is the champion, and May was accepted since."""
    for month in (1, 2, 3):
        house.accept(month)
    house.add_version(1, CODE + ROWS, 1, 2)
    house.promote(1)
    house.add_version(2, CODE + ROWS, 2, 3)
    house.accept(5)
    return house


def copied(house: House, root: Path) -> House:
    """The house as it is, under a root of its own."""
    shutil.copytree(house.root, root, dirs_exist_ok=True)
    return house_in(root, house.spec.name)
