"""A study in the store: shared, deterministic, and none the worse for dead workers."""

import itertools
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from everfit.models.space import Between, OneOf, Space
from everfit.search import Study, Trial
from everfit.search.journal import StoreJournal
from everfit.stores import LocalStore

SPACE: Space = {"x": Between(-5.0, 5.0), "depth": Between(1, 9), "kind": OneOf(("a", "b"))}


def open_study(folder: Path, seed: int = 1) -> Study:
    return Study(LocalStore(folder), "studies/m/r", SPACE, seed)


def badness(trial: Trial) -> float:
    return (
        (float(str(trial.params["x"])) - 1) ** 2
        + (trial.params["kind"] == "a")
        + abs(int(str(trial.params["depth"])) - 5)
    )


def work(study: Study, worker: int, most: int) -> int:
    made = 0
    while trial := study.ask(worker, most):
        value = badness(trial)
        pruned = any(trial.hopeless(step, value + 10 - step) for step in range(1, 11))
        study.tell(trial, value, {"rounds": 5}, pruned=pruned)
        made += 1
    return made


def test_the_same_study_comes_out_again_also_after_a_crash_at_any_trial(tmp_path: Path) -> None:
    whole = open_study(tmp_path / "whole")
    assert work(whole, 0, 20) == 20
    broken = open_study(tmp_path / "broken")
    for _ in range(7):
        trial = broken.ask(0, 20)
        assert trial is not None
        broken.tell(trial, badness(trial), {"rounds": 5}) if trial.number != 6 else None
    after = open_study(tmp_path / "broken")  # a new process: trial 6 was begun and never ended
    work(after, 0, 20)
    unbroken, mended = ([(one.params, one.state) for one in study.trials] for study in (whole, after))
    assert mended[:6] == [(params, "finished") for params, _ in unbroken[:6]]
    assert [params for params, _ in mended] == [params for params, _ in unbroken]
    assert mended[6:] == unbroken[6:]
    again = open_study(tmp_path / "again")
    work(again, 0, 20)
    assert [(one.params, one.value, one.state) for one in again.trials] == [
        (one.params, one.value, one.state) for one in whole.trials
    ]


def test_another_seed_is_another_study(tmp_path: Path) -> None:
    one, other = open_study(tmp_path / "1", 1), open_study(tmp_path / "2", 2)
    for study in (one, other):
        work(study, 0, 3)
    assert one.trials[0].params != other.trials[0].params


def test_what_was_suggested_is_tried_first_and_only_once(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    for _ in range(2):
        study.suggest([{"x": 0.5, "depth": 3, "kind": "a", "elsewhere": 1}, {"x": 99.0, "depth": 4}])
    work(study, 0, 4)
    first, second, *_ = study.trials
    assert first.params == {"x": 0.5, "depth": 3, "kind": "a"}
    assert second.params["depth"] == 4  # x is outside of the space: the sampler fills it in
    assert -5 <= float(str(second.params["x"])) <= 5
    assert [one.params["depth"] for one in study.trials].count(3) <= 2


def test_a_search_beats_chance_and_says_which_parameter_mattered(tmp_path: Path) -> None:
    """On a smooth bowl, 40 trials come nearer than the best of 40 random ones does on average over 10 seeds."""
    found, chance = [], []
    for seed in range(10):
        study = Study(LocalStore(tmp_path / str(seed)), "s", SPACE, seed)
        while trial := study.ask(0, 40):
            study.tell(trial, badness(trial), {})
        values = [one.value for one in study.trials if one.value is not None]
        found.append(min(values))
        chance.append(min(values[:8]))
    assert sum(found) < 0.5 * sum(chance)
    importance = study.importance()
    assert sum(importance.values()) == pytest.approx(1)
    assert importance["kind"] < importance["x"]


def test_pruned_trials_are_not_the_best(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    work(study, 0, 30)
    states = {one.state for one in study.trials}
    assert states == {"finished", "pruned"}
    assert study.best is not None
    assert study.best.state == "finished"
    assert study.best.value == min(one.value for one in study.trials if one.state == "finished" and one.value)


def _join(folder: Path, worker: int, most: int) -> None:
    work(open_study(folder), worker, most)


def _hang(folder: Path, worker: int) -> None:
    open_study(folder).ask(worker, 100)
    (folder / "hangs").touch()
    time.sleep(60)


def test_workers_share_a_budget_and_each_trial_is_made_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_join, args=(tmp_path, number, 24)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    trials = open_study(tmp_path).trials
    assert len(trials) == 24
    assert all(one.state in ("finished", "pruned") for one in trials)


def test_a_killed_workers_trial_is_begun_again_with_the_same_parameters(tmp_path: Path) -> None:
    killed = multiprocessing.get_context("spawn").Process(target=_hang, args=(tmp_path, 1))
    killed.start()
    begin = time.monotonic()
    while not (tmp_path / "hangs").exists():
        assert time.monotonic() - begin < 30
        time.sleep(0.05)
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    (begun,) = open_study(tmp_path).trials
    assert begun.state == "running"
    work(open_study(tmp_path), 1, 5)
    trials = open_study(tmp_path).trials
    assert len(trials) == 5
    assert trials[0].params == begun.params
    assert {one.state for one in trials} <= {"finished", "pruned"}


def test_the_journal_has_one_order_whoever_appends(tmp_path: Path) -> None:
    journals = [StoreJournal(LocalStore(tmp_path), "j") for _ in range(3)]
    for number, journal in zip(range(12), itertools.cycle(journals), strict=False):
        journal.append_logs([{"n": number}, {"n": number + 0.5}])
    seen = [[log["n"] for log in journal.read_logs(0)] for journal in journals]
    assert seen[0] == seen[1] == seen[2] == [n / 2 for n in range(24)]
    assert [log["n"] for log in journals[0].read_logs(22)] == [11.0, 11.5]
