"""Searches on a real S3 server, whose workers are killed with kill -9 in the middle of their trials."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from everfit.ledger.entries import RunTriggered
from everfit.ports import Ports
from everfit.search import Study, Trial
from everfit.spec import ModelSpec
from everfit.spec.training import TrainSpec
from everfit.steps.build_features import build_features
from everfit.steps.choose import choose, study_of
from everfit.steps.search import search
from everfit.stores import S3Store
from everfit.stores.s3 import connect
from everfit.values import Features, Snapshot
from tests.faults.trainer import PRELOAD
from tests.services import s3_server
from tests.workshop import open_workshop
from tools.land_flights import land

SEED = int(os.environ.get("EVERFIT_KILLS_SEED", "2013"))
MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04")
TRIALS = 12
SEARCH = {
    "budget": {"trials": TRIALS},
    "space": {"max_depth": {"between": [2, 7]}, "learning_rate": {"between": [0.02, 0.3], "log": True}},
}
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload([*PRELOAD, "boto3", "optuna", __name__])


@dataclass(frozen=True)
class Work:
    """What is searched, and where everything lies: the store on the server, the rest below `root`."""

    root: Path
    s3: dict[str, Any]
    spec: ModelSpec
    snapshot: Snapshot
    features: Features
    run: str

    @property
    def ports(self) -> Ports:
        made = open_workshop(self.root, ()).ports
        store = S3Store("s3://searches/ever/fit", cache=self.root / "cache", **self.s3)
        return replace(made, store=store, clock=lambda: datetime.now(UTC))

    @property
    def study(self) -> Study:
        return study_of(self.ports, self.spec, self.run)

    def said(self, worker: int) -> Path:
        """What the tries of a worker have said so far."""
        return self.root / f"{self.run}-{worker}.txt"

    def search(self, worker: int) -> None:
        """Go on with the search."""
        given = (self.snapshot.id, self.snapshot.batches, self.snapshot.holdout)
        run = RunTriggered(self.run, "test", "me", "", *given, (), forced=True, device="cpu")

        def say(message: str) -> None:
            with self.said(worker).open("a") as file:
                file.write(message + "\n")

        search(self.ports, self.spec, self.snapshot, self.features, run, worker, say)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    root = tmp_path_factory.mktemp("searched")
    workshop = open_workshop(root, land(root / "landing", MONTHS, 0.02))
    train = TrainSpec.model_validate({"seed": 5, "device": "cpu", "params": {"rounds": 120}, "search": SEARCH})
    workshop = workshop.with_spec(train=train)
    snapshot = workshop.snapshot(*MONTHS)
    features = build_features(workshop.ports, workshop.spec, snapshot)
    with s3_server() as options:
        connect(**options).create_bucket(Bucket="searches")
        made = Work(root, options, workshop.spec, snapshot, features, "")
        made.ports.store.put_file(features.table.key, workshop.ports.store.local_file(features.table))
        yield made


def go_on(work: Work, worker: int, reports: int = 0) -> None:
    """Search, and be killed once trials have said so often how good they are."""
    told, heard = count(1), Trial.hopeless

    def hopeless(self: Trial, step: int, value: float) -> bool:
        answer = heard(self, step, value)
        if next(told) == reports:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    Trial.hopeless = hopeless  # type: ignore[method-assign] - in a process of its own
    work.search(worker)


def begun(work: Work, worker: int, reports: int = 0) -> BaseProcess:
    process = FORK.Process(target=go_on, args=(work, worker, reports))
    process.start()
    return process


def end(process: BaseProcess) -> int | None:
    process.join(200)
    return process.exitcode


def came_of(study: Study) -> list[tuple[object, ...]]:
    """The trials in their order, without what a clock says of them."""
    return [(one.params, one.state, one.value, one.extra["rounds"]) for one in study.trials]


def test_a_search_that_is_killed_again_and_again_makes_the_trials_of_an_undisturbed_one(work: Work) -> None:
    chance = random.Random(f"{SEED} alone")
    calm, killed = replace(work, run="calm"), replace(work, run="killed")
    assert end(begun(calm, 0)) == 0
    for _ in range(4):
        assert end(begun(killed, 0, chance.randint(1, 30))) == -signal.SIGKILL, killed.said(0).read_text()
    assert end(begun(killed, 0)) == 0
    assert came_of(killed.study) == came_of(calm.study)
    assert len(calm.study.trials) == TRIALS
    chosen = [replace(choose(one.ports, one.spec, one.run), seconds=0, study="", trial=0) for one in (calm, killed)]
    assert chosen[0] == chosen[1]
    assert list((work.root / "work").rglob("rows-*")) == [], "what the killed ones left on the disk is gone"


def test_two_workers_at_once_and_one_of_them_is_killed_in_its_trials(work: Work) -> None:
    chance = random.Random(f"{SEED} two")
    shared = replace(work, run="shared")
    mortal = begun(shared, 1, chance.randint(1, 25))
    other = begun(shared, 0)
    assert end(mortal) == -signal.SIGKILL
    assert "running" in {one.state for one in shared.study.trials}
    assert end(begun(shared, 1, chance.randint(1, 5))) == -signal.SIGKILL
    assert end(other) == 0
    assert end(begun(shared, 1)) == 0
    trials = shared.study.trials
    assert len(trials) == TRIALS
    assert {one.state for one in trials} <= {"finished", "pruned"}
    died = [one.params for one in shared.study._open().trials if one.state.name == "FAIL" and one.user_attrs]
    assert len(died) == 2
    assert all(params in [one.params for one in trials] for params in died), "each is made again as it was"
    said = [shared.said(worker).read_text().count("trial ") for worker in range(2)]
    assert sum(said) >= TRIALS
    assert min(said) >= 1
    assert choose(shared.ports, shared.spec, "shared").trials == TRIALS
