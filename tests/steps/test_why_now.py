"""Why a run starts now, why it does not, and that no event is ever lost or used twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from everfit.ledger.entries import (
    BatchAccepted,
    CandidateJudged,
    ModelRegistered,
    Monitored,
    Promoted,
    RetrainAsked,
    RunTriggered,
)
from everfit.ledger.words import in_words
from everfit.ports import Ports
from everfit.signals import Signal
from everfit.spec import RetrainSpec, WindowSpec, load_spec
from everfit.steps import recipe as recipes
from everfit.steps.due import due
from everfit.steps.snapshot import TrainRequest, resolve
from everfit.steps.why_now import NotNow
from everfit.stores import LocalStore
from everfit.values import Batch, ModelVersion, Outcome, StoredFile
from everfit_airflow.looking import received_whole, sent_whole

WORSE = "log loss is 8 % above what it was judged with"
MONDAY = datetime(2013, 6, 3, 5, tzinfo=UTC)


class House:
    """A model with a ledger, a clock that a test moves, and a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.now, nothing = MONDAY, cast(None, None)
        self.ports = Ports(
            LocalStore(folder / "store"), nothing, nothing, nothing, nothing, lambda: self.now, folder / "work"
        )
        source = load_spec("flight_delays")
        mine = Path(shutil.copytree(source.folder, folder / "flight_delays"))
        self.spec = source.model_copy(
            update={"folder": mine, "window": WindowSpec(kind="expanding", holdout=1, at_least=2)}
        )
        self.count = 0

    def wants(self, **retrain: Any) -> None:
        self.spec = self.spec.model_copy(update={"retrain": RetrainSpec(**retrain)})

    def accept(self, *partitions: str) -> None:
        for partition in partitions:
            self.count += 1
            batch = Batch(partition, 1, f"{self.count}", 10, (), "")
            self.ports.ledger(self.spec.name).append(f"arrival:{self.count}", BatchAccepted(batch, "", ""))

    def ask(self, run: str, why: str = "new data", **request: Any) -> RunTriggered | NotNow:
        return resolve(self.ports, self.spec, TrainRequest(run, why, **request))

    def judged(self, run: str) -> None:
        file = StoredFile("k", "s")
        body = CandidateJudged(run, "m", "s", (), None, False, "no", (), file, file)
        self.ports.ledger(self.spec.name).append(f"judged:{run}", body)

    def trained(self, run: str, **request: Any) -> RunTriggered:
        found = self.ask(run, **request)
        assert isinstance(found, RunTriggered), found
        self.judged(run)
        return found

    def crown(self, version: int = 1) -> None:
        """Let a version of the newest judged run serve."""
        ledger = self.ports.ledger(self.spec.name)
        judged = ledger.view().of(CandidateJudged)[-1].seq
        made = ModelVersion(self.spec.name, version, "m", ())
        ledger.append(f"registered:{version}", ModelRegistered(made, judged))
        ledger.append(f"promoted:{version}", Promoted(version, ledger.view().champion, judged, 0, 0.0))

    def looked(self, monitor: str, action: str, outcome: Outcome = Outcome.FAILED) -> int:
        """The monitor looks at the champion; returns the entry."""
        ledger = self.ports.ledger(self.spec.name)
        signal = Signal(monitor, outcome, WORSE)
        file, version = StoredFile("k", "s"), ledger.view().champion or 0
        body = Monitored(version, self.now, self.now, 10, 10, 0.01, (signal,), "", action, "", "", file)
        return ledger.append(f"monitored:{len(ledger.entries())}", body).seq

    @property
    def due(self) -> tuple[str, ...]:
        return due(self.ports.ledger(self.spec.name).view(), self.spec, self.now)


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.accept("2013-01", "2013-02")
    return made


def refusal(found: RunTriggered | NotNow) -> str:
    assert isinstance(found, NotNow), found
    return found.words


def test_a_run_says_why_it_started(house: House) -> None:
    first = house.trained("r1")
    (because,) = first.because
    assert because == ("2 new batches with 20 rows (2013-01, 2013-02); scheduled for 2013-06-03 05:00 UTC (0 5 * * 1)")
    entry = house.ports.ledger(house.spec.name).view().triggers[0]
    assert "training started because of new data (2 new batches with 20 rows" in in_words(entry)
    assert refusal(house.ask("r2", "a person")).startswith("no accepted batch is new since the last run")
    forced = house.trained("r3", why="a person", forced=True)
    assert forced.because[0].startswith("forced, though no accepted batch is new since the last run, and the model")


def test_an_old_ledger_knows_no_recipe_and_nothing_has_changed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as then:
        then.setattr("everfit.steps.snapshot.recipe", lambda _: {})
        house.trained("r1")
    assert isinstance(house.ask("r2"), NotNow)


CHANGES: dict[str, Callable[[House, pytest.MonkeyPatch], None]] = {
    "features.py was": lambda house, _: (house.spec.folder / "features.py").open("a").write("\n# a thought\n") and None,
    "train in model.yaml was": lambda house, _: setattr(
        house, "spec", house.spec.model_copy(update={"train": house.spec.train.model_copy(update={"seed": 7})})
    ),
    "xgboost was 3.0.0 and is": lambda house, patch: patch.setattr(recipes, "libraries", lambda: {"xgboost": "99.0.0"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_what_the_model_is_made_with(what: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.wants(when=["changed"])
    if what.startswith("xgboost"):
        monkeypatch.setattr(recipes, "libraries", lambda: {"xgboost": "3.0.0"})
    assert refusal(house.ask("r1")) == "code, settings and libraries are those of the newest judged run"
    house.trained("r1", why="a person")
    assert house.due == ()
    CHANGES[what](house, monkeypatch)
    assert house.due
    found = house.trained("r2", why="due")
    assert found.because[0].startswith(what)
    assert found.consumed == ()
    assert house.due == (), "judged once, whatever came of it"
    assert isinstance(house.ask("r3", "due"), NotNow)


def test_where_it_trains_is_no_change_of_the_model(house: House) -> None:
    house.wants(when=["changed"])
    house.trained("r1", why="a person")
    train = house.spec.train.model_copy(update={"device": "cuda", "memory": "4 GB"})
    house.spec = house.spec.model_copy(update={"train": train})
    assert house.due == ()


def test_in_a_cooldown_events_gather_and_one_run_takes_them_all(house: House) -> None:
    house.wants(when=["new_data"], cooldown="6h")
    house.trained("r1")
    for hour in (1, 2, 3):
        house.now = MONDAY + timedelta(hours=hour)
        house.accept(f"2013-0{hour + 2}")
        found = house.ask(f"early-{hour}")
        assert isinstance(found, NotNow)
        assert found.until == MONDAY + timedelta(hours=6)
        assert house.due == ()
    assert refusal(found) == (
        "3 new batches with 30 rows (2013-03, 2013-04, 2013-05); but cooldown of 6:00:00 after "
        "the last run, until 2013-06-03 11:00 UTC"
    )
    house.now = MONDAY + timedelta(hours=6)
    assert house.due == ("3 new batches with 30 rows (2013-03, 2013-04, 2013-05)",)
    assert house.trained("r2", why="due").consumed == (5, 6, 7)
    assert house.due == ()


def test_who_asks_for_good_reason_does_not_wait(house: House) -> None:
    house.wants(when=[], cooldown="9d", quiet={"days": ["mon"]}, at_most={"runs": 1})
    assert refusal(house.ask("r0")) == "by itself nothing starts a run (retrain.when is empty)"
    house.trained("r1", why="a person")
    house.ports.ledger(house.spec.name).append("retrain:9", RetrainAsked("entry 9 took data away", "ann"))
    assert house.due == ("entry 5: a new training run is asked for, by ann: entry 9 took data away",)
    assert house.trained("r2", why="due").consumed == (5,)
    house.accept("2013-03")
    assert house.trained("r3", why="a person").because == ("new: 2013-03",)


def test_a_run_that_has_begun_is_not_due_again_and_one_that_died_is_made_up_for(house: House) -> None:
    house.wants(when=["new_data"], cooldown="1h")
    house.ask("died")
    house.now += timedelta(hours=2)
    assert house.due == (), "it may still be at work"
    house.accept("2013-03")
    assert house.due
    assert house.trained("r2", why="due").consumed == (1, 2, 4)


def test_too_few_batches_are_not_due(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.accept("2013-01")
    assert house.due == ()


def test_of_hundreds_of_events_each_is_used_by_exactly_one_judged_run(tmp_path: Path) -> None:
    """Random batches, requests, deaths of runs and people, under cooldown, quiet hours and a budget, hour by hour."""
    house, random, asked = House(tmp_path), Random(7), 0
    house.wants(
        when=[{"new_data": {"batches": 2}}, {"schedule": {"cron": "0 5 * * *"}}],
        cooldown="5h",
        quiet={"from": "22:00", "until": "06:00"},
        at_most={"runs": 15, "within": "7d"},
    )
    ledger = house.ports.ledger(house.spec.name)
    while house.count + asked < 300:
        house.now += timedelta(minutes=random.randint(5, 300))
        for _ in range(random.randint(0, 3)):
            house.accept(f"b{house.count:04}")
        if random.random() < 0.02:
            asked += 1
            ledger.append(f"asked:{asked}", RetrainAsked("a test", "ann"))
        if house.count < 2:
            continue
        why = random.choice(["new data", "schedule", "due"] * 9 + ["a person"])
        found = house.ask(f"r{house.now:%m%d%H%M}", why)
        if isinstance(found, RunTriggered) and random.random() < 0.7:
            house.judged(found.run)
    house.trained("last", why="a person", forced=True)
    view = ledger.view()
    judged = {entry.body.run for entry in view.of(CandidateJudged)}
    used = [seq for entry in view.triggers if entry.body.run in judged for seq in entry.body.consumed]
    emitted = [entry.seq for kind in (BatchAccepted, RetrainAsked) for entry in view.of(kind)]
    assert sorted(used) == sorted(emitted)
    own = [entry for entry in view.triggers if entry.body.why in ("new data", "schedule", "due")]
    free = [entry for entry in own if not any("is asked for" in words for words in entry.body.because)]
    assert len(free) > 10
    before = {entry.seq: [e.at for e in view.triggers if e.seq < entry.seq] for entry in free}
    assert all(entry.at - max(before[entry.seq], default=MONDAY) >= timedelta(hours=5) for entry in free[1:])
    assert all(6 <= entry.at.hour < 22 for entry in free)
    assert all(sum(at > entry.at - timedelta(days=7) for at in before[entry.seq]) < 15 for entry in free)


def test_a_group_in_the_spec(house: House) -> None:
    house.wants(when=[{"all_of": ["new_data", {"schedule": {"cron": "0 5 * * 1"}}]}])
    house.trained("r1")
    house.now += timedelta(days=1)
    house.accept("2013-03")
    assert refusal(house.ask("r2")) == (
        "1 of 2: 1 new batch with 10 rows (2013-03); not before 2013-06-10 05:00 UTC (0 5 * * 1)"
    )
    house.now = MONDAY + timedelta(days=7)
    assert house.trained("r3").consumed == (5,)


def test_a_spec_is_the_same_after_its_way_to_the_triggerer(house: House) -> None:
    house.wants(when=["new_data", {"k_of": {"k": 1, "of": ["changed"]}}], quiet={"from": "22:00", "until": "06:00"})
    assert received_whole(sent_whole(house.spec)) == house.spec


def test_a_scheduled_time_at_which_nothing_was_new_has_passed(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.wants(when=[{"schedule": {"cron": "0 5 * * 1"}}])
    house.accept("2013-01", "2013-02")
    house.trained("r1", why="schedule")
    house.now += timedelta(days=9)  # a Wednesday; on Monday nothing was new
    house.accept("2013-03")
    assert house.due == ()
    assert refusal(house.ask("r2", "schedule")) == "not before 2013-06-17 05:00 UTC (0 5 * * 1)"
    house.now += timedelta(days=6)  # a Tuesday: on Monday, the DAG may have been paused
    assert house.due == ("scheduled for 2013-06-17 05:00 UTC (0 5 * * 1)",)
