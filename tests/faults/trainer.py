"""A process that trains one run of a model, as a worker's does, and is killed for it by a test."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec
from everfit.steps import checkpoints
from everfit.steps.train import train
from everfit.values import Candidate, Features, Snapshot
from tests.spark import cluster
from tests.workshop import open_workshop

PRELOAD = ["mlflow", "pandas", "pyarrow.parquet", "sklearn.metrics", "xgboost", "matplotlib.pyplot", __name__]
"""What the process that the others are forked from has imported, as Airflow's worker has."""

WORKERS = 2
"""Of the cluster, where the spec asks for one."""


@dataclass(frozen=True)
class Work:
    """What is trained, and where everything lies."""

    root: Path
    mlflow: str
    spec: ModelSpec
    snapshot: Snapshot
    features: Features
    run: str

    @property
    def said(self) -> Path:
        """What the tries of the run have said so far."""
        return self.root / f"{self.run}.txt"

    def ports(self) -> Ports:
        """The same store for every process, on its own clock."""
        registry = MlflowRegistry(self.mlflow, self.root / "models")
        ports = open_workshop(self.root, (), registry=registry).ports
        return replace(ports, clock=lambda: datetime.now(UTC), cluster=cluster(WORKERS))

    def train(self, told: Callable[[str, int], None] = lambda key, done: None) -> Candidate:
        """Go on with the run."""
        ports = self.ports()
        return train(ports, self.spec, self.snapshot, self.features, self.run, "cpu", self._say, told)

    def _say(self, message: str) -> None:
        with self.said.open("a") as file:
            file.write(message + "\n")


@dataclass(frozen=True)
class Death:
    """kill -9 so many seconds after a try has kept so many checkpoints."""

    checkpoints: int
    seconds: float


def work_on(work: Work, death: Death | None = None) -> None:
    """Train with a checkpoint after every chunk, however small the training is."""
    checkpoints.FIRST = 0
    checkpoints.SHARE = float("inf")
    kept = count(1)

    def told(key: str, done: int) -> None:
        if death and next(kept) == death.checkpoints:
            die_in(death.seconds)

    if death and not death.checkpoints:
        die_in(death.seconds)
    work.train(told)


def die_when_shared_out(work: Work) -> None:
    """Train, and be killed once the rows lie in the store for the machines that train together."""
    store = work.ports().store

    def watch() -> None:
        while len(store.list("shares")) < WORKERS:
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    work.train()


def die_in(seconds: float) -> None:
    """Whatever this process does then."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()
