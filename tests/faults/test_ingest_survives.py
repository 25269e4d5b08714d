"""Thousands of files in random order, with duplicates, corrections and bad ones, while Airflow's processes are killed
with kill -9: each delivery ends in exactly one entry of the ledger, the one it deserves, and its bytes are kept.

The short form runs with all tests; `make soak` delivers a few thousand files (about half an hour on two cores).
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchQuarantined
from everfit.spec import load_spec
from everfit.steps.deliveries import deliveries
from everfit.stores import open_store
from everfit.stores.dvc import DvcStore
from everfit.stores.landing import open_landing
from tests.faults import killing, shop
from tools.local.airflow_api import Airflow
from tools.local.errors import StackError
from tools.local.stack import Stack, down, up

INGEST = f"{shop.MODEL}_ingest"
OUTCOMES = {BatchAccepted: "accepted", BatchQuarantined: "quarantined", BatchDuplicate: "duplicate"}
CONFIG = """
[dag_processor]
dag_bundle_config_list = [{{"name": "soak", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
  "kwargs": {{"path": "{dags}"}}}}]
[scheduler]
task_instance_heartbeat_timeout = 20
task_instance_heartbeat_timeout_detection_interval = 5
orphaned_tasks_check_interval = 20
scheduler_health_check_threshold = 15
"""


@dataclass(frozen=True)
class Size:
    """How much is delivered, how often something is killed, and how long it may take (seconds)."""

    partitions: int
    again: int
    kills_every: float
    kills: int
    within: float


SHORT = Size(partitions=24, again=12, kills_every=6, kills=4, within=240)
LONG = Size(partitions=900, again=400, kills_every=15, kills=60, within=3_300)


@pytest.fixture
def stack(tmp_path, monkeypatch):
    shop.write_project(tmp_path)
    monkeypatch.setenv("EVERFIT_MODELS", str(tmp_path / "models"))
    state = tmp_path / "stack"
    (state / "airflow").mkdir(parents=True)
    (state / "airflow" / "airflow.cfg").write_text(CONFIG.format(dags=tmp_path / "dags"))
    running = up(str(state))
    try:
        yield running
    finally:
        down(str(state))


@dataclass
class Soak:
    """One run: what was delivered with which fingerprint, and what the ledger says of each."""

    stack: Stack
    size: Size
    seed: int
    due: dict[tuple[str, str], shop.Delivery] = field(default_factory=dict)
    killed: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.source = shop.Source(self.size.partitions, self.size.again, self.seed)
        self.chance = random.Random(self.seed)
        self.landing = Path(self.stack.paths.landing)
        self.ledger = Ledger(shop.MODEL, open_store(str(self.stack.paths.store)), lambda: datetime.now(UTC))
        self.next_kill = time.monotonic() + self.size.kills_every

    def outcomes(self) -> dict[tuple[str, str], list[str]]:
        """What the ledger says of every delivery; more than one word is one too many."""
        said: dict[tuple[str, str], list[str]] = {}
        for kind, word in OUTCOMES.items():
            for entry in self.ledger.view().of(kind):
                body = entry.body
                partition = body.batch.partition if isinstance(body, BatchAccepted) else body.partition
                said.setdefault((partition, body.fingerprint), []).append(word)
        return said

    def waiting(self) -> set[str]:
        settled = self.outcomes()
        return {partition for partition, fingerprint in self.due if (partition, fingerprint) not in settled}

    def deliver(self, at_most: int) -> int:
        """A burst of at most so many deliveries; the fingerprint of each is the landing place's own."""
        burst = {one.partition: one for one in islice(self.source.ready(self.waiting()), at_most)}
        for one in burst.values():
            shop.write(one, self.landing)
        for arrival in arrivals(self.landing):
            if one := burst.get(arrival.partition):
                self.due[arrival.partition, arrival.fingerprint] = one
        return len(burst)

    def kill_when_due(self) -> None:
        if time.monotonic() < self.next_kill or self.killed.total() >= self.size.kills:
            return
        what = self.chance.choice(("task", "task", *killing.SERVICES))
        if what != "task":
            killing.kill_service(self.stack, what)
        elif not killing.kill_a_task(self.stack, self.chance):
            return
        self.killed[what] += 1
        self.next_kill = time.monotonic() + self.size.kills_every * self.chance.uniform(0.5, 1.5)

    def go(self) -> None:
        """Deliver and kill until all is delivered and settled."""
        end = time.monotonic() + self.size.within
        while self.source.plan or self.waiting():
            assert time.monotonic() < end, f"not settled: {sorted(self.waiting())[:20]}; killed: {self.killed}"
            if len(self.waiting()) < 60:
                self.deliver(self.chance.randint(1, 40))
            self.kill_when_due()
            self.report()
            time.sleep(1)

    def report(self) -> None:
        done = len(self.outcomes())
        print(f"{done} of {len(self.due)} settled, {len(self.source.plan)} to come, killed {dict(self.killed)}")


def arrivals(landing: Path):
    data = load_spec(shop.MODEL).data
    return deliveries(data, open_landing(str(landing)).look(data.landing, data.each))


def let(airflow: Airflow, paused: bool) -> None:
    """Pause or go on, however long the API server takes to come back."""
    for _ in range(60):
        try:
            return airflow.pause(INGEST, paused)
        except StackError:
            time.sleep(1)
    raise AssertionError("the API server does not come back")


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(SHORT, id="short", marks=pytest.mark.e2e),
        pytest.param(LONG, id="thousands-of-files", marks=[pytest.mark.soak, pytest.mark.timeout(3_600)]),
    ],
)
def test_every_delivery_ends_in_exactly_one_outcome(stack, size, tmp_path):
    soak = Soak(stack, size, int(os.environ.get("EVERFIT_SOAK_SEED", "2013")))
    with stack.airflow() as airflow:
        airflow.wait_for_dags(INGEST)
        let(airflow, paused=True)
        soak.deliver(at_most=size.partitions // 4)  # ten and more at once, while the DAG is paused
        let(airflow, paused=False)
    soak.go()

    said = soak.outcomes()
    assert said == {delivery: [one.outcome] for delivery, one in soak.due.items()}
    assert len(said) == size.partitions + size.again
    assert soak.ledger.verify() == len(soak.ledger.view().entries)
    assert soak.killed.total() >= size.kills // 2, f"the run was over too soon: {soak.killed}"
    store = DvcStore(str(stack.paths.store / "dvc"), tmp_path / "pulled")
    for _, batch in soak.ledger.view().batches:
        assert {path.name for path in store.fetch(batch).iterdir()} == {file.name for file in batch.files}
    for entry in soak.ledger.view().of(BatchQuarantined):
        assert (stack.paths.store / entry.body.quarantine / "sales-1.csv").is_file()
