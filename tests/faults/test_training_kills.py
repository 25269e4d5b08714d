"""Training is killed with kill -9 at twenty random moments: every run ends in the model of an undisturbed one."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from everfit.ledger.entries import RunTriggered
from everfit.spec.retention import KeepSpec
from everfit.spec.training import EarlyStoppingSpec, TrainSpec
from everfit.steps.build_features import build_features
from everfit.steps.dying import Kills, Mark
from everfit.steps.housekeeping import look
from everfit.values import FileHash, canonical, dump
from tests.faults.trainer import PRELOAD, Death, Work, die_when_shared_out, work_on
from tests.services import mlflow_server
from tests.workshop import open_workshop
from tools.land_flights import land

SEED = int(os.environ.get("EVERFIT_KILLS_SEED", "2013"))
KILLS = 5
MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04")
SAMPLED: Mapping[str, Any] = {"subsample": 0.7, "colsample_bytree": 0.6, "max_depth": 4}
DART = {"booster": "dart", "rate_drop": 0.05, "skip_drop": 0.3}
KINDS: Mapping[str, TrainSpec] = {
    "sampling": TrainSpec(seed=1, params={**SAMPLED, "rounds": 320}),
    "dart": TrainSpec(seed=2, params={**SAMPLED, "rounds": 130, "extra": DART}),
    "stopping": TrainSpec(
        seed=3,
        params={**SAMPLED, "rounds": 900, "learning_rate": 0.02},
        early_stopping=EarlyStoppingSpec(rounds=100),
    ),
    "memory": TrainSpec(seed=4, params={**SAMPLED, "rounds": 320, "extra": {"colsample_bynode": 0.5}}),
}
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(PRELOAD)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory):
    root = tmp_path_factory.mktemp("killed")
    workshop = open_workshop(root, land(root / "landing", MONTHS, 0.02))
    snapshot = workshop.snapshot(*MONTHS)
    features = build_features(workshop.ports, workshop.spec, snapshot)
    with mlflow_server(root / "mlflow") as server:
        yield Work(root, server.url, workshop.spec, snapshot, features, "")


def tried(work: Work, death: Death | None = None) -> int:
    """How a try ends that is a process of its own."""
    process = FORK.Process(target=work_on, args=(work, death))
    process.start()
    process.join(120)
    return process.exitcode


def model(work: Work) -> FileHash:
    return next(file for file in work.train().files if file.name == "model.ubj")


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_killed_again_and_again_ends_in_the_same_bytes(work: Work, kind: str) -> None:
    chance = random.Random(f"{SEED} {kind}")
    spec = work.spec.model_copy(update={"train": KINDS[kind]})
    calm, killed = (replace(work, spec=spec, run=f"{kind}-{name}") for name in ("calm", "killed"))
    assert tried(calm) == 0, calm.said.read_text()
    if kind == "memory":
        leave_a_death_for_memory(killed)
    for _ in range(KILLS):
        checkpoints = chance.randint(0, 1 if kind == "dart" else 2)
        death = Death(checkpoints, chance.uniform(0, 0.1 if checkpoints else 1))
        assert tried(killed, death) == -signal.SIGKILL, f"over before {death}: {killed.said.read_text()}"
    assert tried(killed) == 0, killed.said.read_text()
    assert model(killed) == model(calm)
    assert work.ports().store.list(f"checkpoints/{work.spec.name}/{killed.run}") == []
    assert "going on from round" in killed.said.read_text()
    assert "going on from round" not in calm.said.read_text()
    if kind == "memory":
        assert "got no memory any more: now with at most 1 GB, the rest on disk" in killed.said.read_text()


def test_what_a_killed_training_had_shared_out_goes_with_its_retry_or_with_time(work: Work) -> None:
    spark = work.spec.model_copy(update={"engine": "spark", "keep": KeepSpec(days=7)})
    killed = replace(work, spec=spark, run="shared-out")
    ports, model_ = killed.ports(), spark.name
    trigger = RunTriggered(
        *(killed.run, "test", "me", "", work.snapshot.id, work.snapshot.batches, work.snapshot.holdout, ()),
        forced=True,
        device="cpu",
    )
    ports.ledger(model_).append(f"run:{killed.run}", trigger)
    process = FORK.Process(target=die_when_shared_out, args=(killed,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL, killed.said.read_text()
    left = ports.store.list("shares")
    assert left == [f"shares/{model_}/shared-out/{rank}-of-2.npz" for rank in range(2)]
    in_a_week = replace(ports, clock=lambda: datetime.now(UTC) + timedelta(days=8))
    fates = [fate for fate in look(in_a_week, {model_: spark}) if fate.what == "shares of a training"]
    assert [(fate.name, fate.goes, list(fate.keys)) for fate in fates] == [("shared-out", True, left)]
    assert tried(killed) == 0, killed.said.read_text()
    assert ports.store.list("shares") == []


def leave_a_death_for_memory(work: Work) -> None:
    """As a try that noticed that it got no memory leaves it."""
    mark = Mark(Kills("here", 0, 0), memory=2_000_000_000, starved=True)
    work.ports().store.write(f"checkpoints/{work.spec.name}/{work.run}/try.json", canonical(dump(mark)))
