"""A house with two trained versions of a small model, copied for each test, in which batches are scored."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow.parquet as pq

from everfit.ledger.entries import BatchScored, DeploymentStarted, StageEntered
from everfit.ports import Ports
from everfit.predictor import Predictor
from everfit.spec import ModelSpec
from everfit.spec.scoring import ScoreSpec
from everfit.steps.score import score
from everfit.stores import LocalStore
from everfit.stores.dvc import DvcStore
from everfit.stores.landing import open_landing
from everfit.values import StoredFile
from tests.steps.judging import House, build, month

SUITE = """{"name": "trips", "expectations": [
  {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "carrier", "value_set": ["AA", "UA", "WN"]}},
  {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "late", "mostly": 0.5}}
]}"""


@dataclass
class Scoring(House):
    """The house, and what tests of scoring do in it."""

    @property
    def versions(self) -> tuple[int, int]:
        first, second = sorted(self.ledger.view().versions)
        return first, second

    def score(self, partition: str = "2013-05", attempt: str = "try-1", ports: Ports | None = None) -> Any:
        return score(ports or self.ports, self.spec, partition, attempt, lambda _: None)

    def scored(self, partition: str = "2013-05", attempt: str = "try-1") -> BatchScored:
        body = self.score(partition, attempt).body
        assert isinstance(body, BatchScored)
        return body

    def frame(self, file: StoredFile) -> pd.DataFrame:
        return pq.read_table(self.ports.store.local_file(file)).to_pandas()

    def predictor(self, version: int) -> Predictor:
        made = self.ledger.view().versions[version]
        return Predictor.load(self.ports.registry.model_files(made.mlflow_run, made.files))

    def canary(self, share: float, key: str = "", number: int = 1, *, shadow: bool = False) -> None:
        """The second version is on trial: it answers a share, or looks on from the shadow."""
        version = self.versions[1]
        started = self.ledger.append(f"deploy:{version}:1", DeploymentStarted(version, self.versions[0]))
        began = datetime(2013, 6, 1, tzinfo=UTC)
        stage = StageEntered(version, started.seq, number, f"{share:.0%}", share, shadow, key, began, "a test")
        self.ledger.append(f"stage:{version}:{number}", stage)

    def land(self, partition: str, frame: pd.DataFrame) -> None:
        folder = self.root / "landing" / "to_score" / partition
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "_SUCCESS").unlink(missing_ok=True)
        frame.to_parquet(folder / "trips.parquet", index=False)
        (folder / "_SUCCESS").touch()

    def with_score(self, **said: Any) -> Scoring:
        return replace(self, spec=self.spec.model_copy(update={"score": ScoreSpec(**said)}))


def trained(root: Path, mlflow: str) -> House:
    """Two versions, of three months each; the first one is the champion, and May was accepted since."""
    house = build(root, mlflow, gates=["answers_sanely", {"above_bar": {"metric": "auc", "at_least": 0.6}}])
    (house.spec.folder / "expectations").mkdir()
    (house.spec.folder / "expectations/trips.json").write_text(SUITE)
    house.accept(1, 2, 3)
    house.trained("first").register()
    house.crown(1)
    house.accept(4)
    house.trained("second").register()
    house.accept(5)
    return house


def copied(house: House, root: Path, of: Literal["batches", "landing"] = "batches", **said: Any) -> Scoring:
    """The house as it was, under a root of its own."""
    shutil.copytree(house.root, root, dirs_exist_ok=True)
    (root / "landing").mkdir(exist_ok=True)
    ports = replace(
        house.ports,
        store=LocalStore(root / "store"),
        data=DvcStore(str(root / "store" / "dvc"), root / "cache"),
        landing=open_landing(str(root / "landing")),
        work=root / "work",
    )
    folder = root / "models" / house.spec.name
    spec: ModelSpec = house.spec.model_copy(update={"folder": folder, "score": ScoreSpec(of=of, **said)})
    return Scoring(root, ports, spec)


def trips(number: int) -> pd.DataFrame:
    return month(number)
