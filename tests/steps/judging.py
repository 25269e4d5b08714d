"""A small model of four months, for the tests of what comes after training; everything is real but the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd

from everfit.ledger.entries import BatchAccepted, ModelRegistered, Promoted
from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec
from everfit.steps.build_features import build_features
from everfit.steps.evaluate import evaluate
from everfit.steps.judge import judge
from everfit.steps.register import register
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of
from everfit.steps.train import train
from everfit.stores import LocalStore
from everfit.stores.dvc import DvcStore
from everfit.values import (
    Batch,
    Candidate,
    Evaluation,
    Features,
    FileHash,
    Judgement,
    ModelVersion,
    Snapshot,
    batch_sha256,
)

CODE = """
INPUTS = ["carrier", "distance", "left"]

def rows(tables):
    return tables["trips"]

def history(rows):
    return {"hours": rows.groupby(["carrier", rows["left"].dt.hour.rename("hour")], as_index=False)["late"].mean()}

def features(rows, history):
    made = rows[["distance", "carrier"]].assign(hour=rows["left"].dt.hour)
    return made.merge(history["hours"], on=["carrier", "hour"], how="left")
"""
GATES: dict[str, list[Any]] = {
    "binary": [
        "answers_sanely",
        {"above_bar": {"metric": "auc", "at_least": 0.6}},
        {"beats_baseline": {"loss": "log_loss"}},
        {"not_worse_than_champion": {"loss": "log_loss", "margin": 0.02}},
    ],
    "regression": ["answers_sanely", {"beats_baseline": {"loss": "absolute"}}],
}


def month(number: int, task: str = "binary", per_day: int = 20) -> pd.DataFrame:
    """A month of trips; one in twenty has no label, and the fourth month has another rhythm."""
    rng = np.random.default_rng(number)
    count = 28 * per_day
    left = pd.Timestamp(2013, number, 1, tz="UTC") + pd.to_timedelta(
        24 * rng.integers(0, 28, count) + rng.integers(5, 24, count), unit="h"
    )
    carrier, distance = rng.choice(["AA", "UA", "WN"], count), rng.gamma(4, 100, count)
    hard = (carrier == "WN") * 1.5 + distance / 200 - 3 + rng.normal(0, 0.3, 28)[left.day - 1]
    late = (
        (rng.random(count) < 1 / (1 + np.exp(-hard))).astype(float)
        if task == "binary"
        else 10 * hard + 3 * rng.normal(size=count)
    )
    late[::20] = np.nan
    return pd.DataFrame({"carrier": carrier, "distance": distance, "left": left, "late": late})


@dataclass
class House:
    """An everfit with one small model, as far as registration."""

    root: Path
    ports: Ports
    spec: ModelSpec

    @property
    def ledger(self):
        return self.ports.ledger(self.spec.name)

    def code(self, text: str) -> None:
        (self.spec.folder / "features.py").write_text(text)

    def accept(self, *numbers: int, task: str = "binary") -> None:
        for number in numbers:
            folder = self.root / f"batch-{uuid4().hex}"
            folder.mkdir()
            path = folder / "trips.parquet"
            month(number, task).to_parquet(path, index=False)
            file = FileHash.of(path)
            partition, sha256 = f"2013-{number:02}", batch_sha256([file])
            pointer = self.ports.data.commit(folder, f"trips-{partition}")
            batch = Batch(partition, 1, sha256, 560, (file,), pointer)
            self.ledger.append(f"arrival:{partition}:{folder.name}", BatchAccepted(batch, folder.name, ""))

    def trained(self, run: str, until: str | None = None) -> Trained:
        triggered = resolve(self.ports, self.spec, TrainRequest(run, "test", until=until, forced=True))
        snapshot = snapshot_of(self.spec, triggered)
        features = build_features(self.ports, self.spec, snapshot)
        candidate = train(self.ports, self.spec, snapshot, features, run, "cpu", print)
        return Trained(self, snapshot, features, candidate)

    def crown(self, version: int) -> None:
        """What deployment decides at its end."""
        view = self.ledger.view()
        (judged,) = [entry.body.judged for entry in view.of(ModelRegistered) if entry.body.version.version == version]
        self.ledger.append(f"promoted:{version}", Promoted(version, view.champion, judged, 200, 0.0))


@dataclass
class Trained:
    house: House
    snapshot: Snapshot
    features: Features
    candidate: Candidate

    def evaluate(self) -> Evaluation:
        house = self.house
        return evaluate(house.ports, house.spec, self.snapshot, self.features, self.candidate, print)

    def judge(self) -> Judgement:
        return judge(self.house.ports, self.house.spec, self.evaluate())

    def register(self) -> ModelVersion:
        return register(self.house.ports, self.house.spec, self.judge())


def build(root: Path, mlflow: str, task: str = "binary", gates: Sequence[Any] | None = None) -> House:
    """A house under `root`, with a model name of its own on the shared MLflow server."""
    name = f"trips_{uuid4().hex[:8]}"
    folder = root / "models" / name
    folder.mkdir(parents=True)
    spec = ModelSpec(
        name=name,
        title="Will this trip be late?",
        task=task,
        label="late",
        time="left",
        data={"landing": "trips", "tables": {"trips": {"file": "trips.parquet"}}},
        window={"batches": 3, "holdout": 1, "at_least": 2},
        train={"params": {"rounds": 20, "max_depth": 3}},
        gates=GATES[task] if gates is None else gates,
        folder=folder,
    )
    ports = Ports(
        store=LocalStore(root / "store"),
        landing=None,
        data=DvcStore(str(root / "store" / "dvc"), root / "cache"),
        registry=MlflowRegistry(mlflow, root / "work" / "mlflow"),
        target=None,
        clock=lambda: datetime(2013, 6, 1, 12, tzinfo=UTC),
        work=root / "work",
    )
    ports.work.mkdir(parents=True, exist_ok=True)
    house = House(root, ports, spec)
    house.code(CODE)
    return house
