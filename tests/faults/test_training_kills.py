"""Training is killed with kill -9 at twenty random moments: every run ends in the model of an undisturbed one."""

from __future__ import annotations

import json
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
from tests.faults.trainer import PRELOAD, Death, Work, die_when_shared_out, needs, work_on
from tests.services import mlflow_server
from tests.workshop import open_workshop
from tools.land_flights import land

SEED = int(os.environ.get("EVERFIT_KILLS_SEED", "2013"))
KILLS = 5
MB = 10**6
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
    "external": TrainSpec(seed=4, params={**SAMPLED, "rounds": 240, "extra": {"colsample_bynode": 0.5}}),
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
    calm, killed = (of(work, kind, f"{kind}-{name}") for name in ("calm", "killed"))
    if kind == "external":
        calm, killed = (in_external_memory(one) for one in (calm, killed))
    assert tried(calm) == 0, calm.said.read_text()
    kill(killed, chance, 1 if kind == "dart" else 2)
    assert model(killed) == model(calm)
    assert work.ports().store.list(f"checkpoints/{work.spec.name}/{killed.run}") == []
    assert "going on from round" in killed.said.read_text()
    assert "going on from round" not in calm.said.read_text()
    if kind == "external":
        assert kept(calm) == kept(killed) == "in external memory"
        check_said_external(calm, 1)
        check_said_external(killed, 2)
        assert model(calm) == model(calm_in_memory(work))


def test_a_try_that_got_no_memory_is_followed_by_one_in_external_memory_with_the_same_bytes(work: Work) -> None:
    killed = of(work, "external", "starved-killed")
    need = needs(killed)
    leave_a_death_for_memory(killed, need.external + need.in_memory)  # of which the next try takes half
    kill(killed, random.Random(f"{SEED} starved"), 2)
    calm = calm_in_memory(work)
    assert (kept(calm), kept(killed)) == ("in memory", "in external memory")
    assert model(killed) == model(calm)
    said = killed.said.read_text()
    assert "the try before got no memory any more: now with at most 0.0" in said
    assert "going on from round" in said
    check_said_external(killed, 2)
    facts = json.loads(work.ports().registry.run_file(killed.train().mlflow_run, "lineage/training.json"))["facts"]
    assert facts["matrix"] == "in external memory"
    assert facts["memory"].startswith("at most 0.0")


def of(work: Work, kind: str, run: str) -> Work:
    """A run of that kind."""
    return replace(work, spec=work.spec.model_copy(update={"train": KINDS[kind]}), run=run)


def in_external_memory(work: Work) -> Work:
    """The same with `train.memory` between what it needs there and what it needs in memory."""
    need = needs(work)
    between = (need.external + need.in_memory) // 2
    assert need.external < between < need.in_memory
    train = work.spec.train.model_copy(update={"memory": f"{between / MB:.6f} MB"})
    assert train.memory_bytes == between
    return replace(work, spec=work.spec.model_copy(update={"train": train}))


def calm_in_memory(work: Work) -> Work:
    """An undisturbed run of the kind `external`, in memory; made once."""
    calm = of(work, "external", "in-memory-calm")
    assert tried(calm) == 0, calm.said.read_text()
    assert kept(calm) == "in memory"
    return calm


def kept(work: Work) -> str:
    """How the matrix was kept, as MLflow says."""
    return work.ports().registry.run_tags(work.train().mlflow_run)["everfit.matrix"]


def check_said_external(work: Work, tries: int) -> None:
    """Each try that came so far, of which there are so many at least, has said that it trains in external memory."""
    said = [line for line in work.said.read_text().splitlines() if " columns need about " in line]
    assert len(said) >= tries
    assert all("may be taken: in external memory, with about" in line for line in said)


def kill(killed: Work, chance: random.Random, most: int) -> None:
    """Let a run be killed again and again, each time after at most so many checkpoints, and then end.

    On a quick machine the last of them may find the training over: what counts is that it was killed before.
    """
    for done in range(KILLS):
        checkpoints = chance.randint(0, most)
        death = Death(checkpoints, chance.uniform(0, 0.1 if checkpoints else 1))
        ended = tried(killed, death)
        assert ended == -signal.SIGKILL or (ended == 0 and done >= 2), f"over before {death}: {killed.said.read_text()}"
    assert tried(killed) == 0, killed.said.read_text()


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
    parts = (f"{part}-{rank}-of-2" for part in ("holdout", "train") for rank in range(2))
    assert left == [f"shares/{model_}/shared-out/{part}" for part in parts]
    in_a_week = replace(ports, clock=lambda: datetime.now(UTC) + timedelta(days=8))
    fates = [fate for fate in look(in_a_week, {model_: spark}) if fate.what == "shares of a training"]
    assert [(fate.name, fate.goes, list(fate.keys)) for fate in fates] == [("shared-out", True, left)]
    assert tried(killed) == 0, killed.said.read_text()
    assert ports.store.list("shares") == []


def leave_a_death_for_memory(work: Work, memory: int) -> None:
    """As a try that noticed that it got no memory, of which it was allowed so much, leaves it."""
    mark = Mark(Kills("here", 0, 0), memory=memory, starved=True)
    work.ports().store.write(f"checkpoints/{work.spec.name}/{work.run}/try.json", canonical(dump(mark)))
