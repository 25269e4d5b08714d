"""A study on a real S3 server: two processes write at once, and an answer that is lost is no second append."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from everfit.models.space import Between
from everfit.search import Study
from everfit.search.journal import StoreJournal
from everfit.stores import S3Store
from everfit.stores.s3 import connect
from tests.services import s3_server
from tests.stores.proxy import faulty

URL = "s3://studies/ever/fit"
FOLDER = "studies/m/r"


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    with s3_server() as options:
        connect(**options).create_bucket(Bucket="studies")
        yield options


def study_on(s3: dict[str, Any], folder: str, cache: Path) -> Study:
    return Study(S3Store(URL, cache=cache, **s3), folder, {"x": Between(-5.0, 5.0)}, seed=1)


def _work(s3: dict[str, Any], cache: Path, worker: int, most: int) -> None:
    study = study_on(s3, FOLDER, cache)
    while trial := study.ask(worker, most):
        value = (float(str(trial.params["x"])) - 1) ** 2
        pruned = any(trial.hopeless(step, value + 10 - step) for step in range(1, 11))
        study.tell(trial, value, {"worker": worker}, pruned=pruned)


def test_two_processes_write_one_journal_at_once(s3: dict[str, Any], tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_work, args=(s3, tmp_path, number, 16)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    store = S3Store(URL, cache=tmp_path, **s3)
    trials = study_on(s3, FOLDER, tmp_path).trials
    assert len(trials) == 16
    assert {one.state for one in trials} <= {"finished", "pruned"}
    assert {one.extra["worker"] for one in trials} == {0, 1}
    names = store.list(f"{FOLDER}/journal")
    assert names == [f"{FOLDER}/journal/{number:08d}.json" for number in range(1, len(names) + 1)]
    logs = list(StoreJournal(store, f"{FOLDER}/journal").read_logs(0))
    assert len(logs) >= len(names)
    wrote = [str(log["worker_id"]).partition("-")[0] for log in logs]
    turns = sum(one != other for one, other in pairwise(wrote))
    assert turns > 16, "they wrote in turns, not one after the other"


@pytest.mark.parametrize("lost", ["every answer", "every third"])
def test_an_answer_that_is_lost_appends_once(s3: dict[str, Any], lost: str, tmp_path: Path) -> None:
    """The server has written and the wire is cut; boto3 asks again by itself and hears that something is there."""
    folder = f"studies/m/{lost}"
    every = 2 if lost == "every answer" else 3  # of the requests, those that boto3 makes again among them
    with faulty(s3["endpoint_url"], _dropping(every)) as wire:
        study = study_on({**s3, "endpoint_url": wire}, folder, tmp_path)
        for _ in range(2):
            trial = study.ask(0, 2)
            assert trial is not None
            study.tell(trial, float(str(trial.params["x"])), {})
        assert study.ask(0, 2) is None
    trials = study_on(s3, folder, tmp_path).trials
    assert [(one.number, one.state) for one in trials] == [(number, "finished") for number in range(2)]
    logs = StoreJournal(S3Store(URL, cache=tmp_path, **s3), f"{folder}/journal").read_logs(0)
    assert all(one != other for one, other in pairwise(logs))


def _dropping(every: int) -> Callable[[str, int], str]:
    return lambda method, count: "drop" if method == "PUT" and count % every == 1 else "pass"
