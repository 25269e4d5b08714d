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

from everfit.models import Training, sample
from everfit.models.cores import cores
from everfit.models.xgb import size
from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec
from everfit.steps import checkpoints
from everfit.steps.feature_rows import FeatureRows, learn_from
from everfit.steps.feature_table import TableFile
from everfit.steps.learn import DRAWN
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
    """Train with a checkpoint after every chunk and, if it is in external memory, with many pages, however small the
    training is."""
    checkpoints.FIRST = 0
    checkpoints.SHARE = float("inf")
    small_pages()
    kept = count(1)

    def told(key: str, done: int) -> None:
        if death and next(kept) == death.checkpoints:
            die_in(death.seconds)

    if death and not death.checkpoints:
        die_in(death.seconds)
    work.train(told)


def small_pages() -> None:
    """Pages of 64 rows: hundreds of rows fill many of them."""
    size.PAGE_CELLS = size.PAGE_ROWS = 64


def needs(work: Work) -> size.Need:
    """What the training of a run needs with small pages, as it will itself say."""
    before = size.PAGE_CELLS, size.PAGE_ROWS
    small_pages()
    try:
        table = TableFile.open(work.ports().store.local_file(work.features.table))
        learnt, judged = ([b.partition for b in part] for part in (work.snapshot.training, work.snapshot.held_out))
        columns = learn_from(table, learnt)
        train, held_out = (FeatureRows(table, tuple(names), columns) for names in (learnt, judged))
        data = Training(work.spec.task, columns.names, columns.kinds, train, sample(held_out, DRAWN))
        watched = [size.survey(data.holdout)] * 2
        return size.need(size.survey(train), watched, work.spec.algorithm._trees(data, cores()))
    finally:
        size.PAGE_CELLS, size.PAGE_ROWS = before


def die_when_shared_out(work: Work) -> None:
    """Train, and be killed once the rows lie in the store for the machines that train together."""
    store = work.ports().store

    def watch() -> None:
        while len(store.list("shares")) < 2 * WORKERS:  # what they learn from, and what they are watched on
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    work.train()


def die_in(seconds: float) -> None:
    """Whatever this process does then."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()
