"""Thousands of random events while whoever tells of them, and whoever trains because of them, is killed with kill -9:
each event is in the ledger once, and one run that was judged has used it.

The short form runs with all tests; `make events` tells ten thousand.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from everfit.ledger import Entry, Ledger, View
from everfit.ledger.entries import BatchAccepted, CandidateJudged, RetrainAsked, RunTriggered
from everfit.steps.due import due
from everfit.steps.snapshot import TrainRequest, resolve
from everfit.steps.why_now import BY_ITSELF
from tests.faults.events import MODEL, PRELOAD, SPEC, Place, by_hand, judge, run_line, tell

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(PRELOAD)
SEED = int(os.environ.get("EVERFIT_KILLS_SEED", "2013"))
TELLERS, RUNNERS = 3, 3
BEGIN = datetime(2013, 1, 1, tzinfo=UTC)
A_WHILE = timedelta(minutes=6)
"""Passes with each entry of the ledger, so that runs gather as many events on a slow machine as on a quick one."""


@dataclass(frozen=True)
class Size:
    """How many events are told of, a kill every so many entries, and how long it may take (seconds)."""

    events: int
    every: int
    within: float

    @property
    def kills(self) -> int:
        """So many at least."""
        return self.events // self.every // 2


SHORT = Size(events=210, every=8, within=100)
LONG = Size(events=int(os.environ.get("EVERFIT_EVENTS", "10200")), every=20, within=3_300)


@dataclass
class Hand:
    """A process that is started anew whenever it was killed."""

    what: Any
    given: tuple[Any, ...]
    process: Any = None
    thaws: float | None = None
    loses_slot: float | None = None

    def start(self) -> None:
        self.process = FORK.Process(target=self.what, args=self.given, daemon=True)
        self.process.start()

    @property
    def done(self) -> bool:
        return self.process.exitcode == 0

    def send(self, number: signal.Signals) -> None:
        if self.process.exitcode is None:
            os.kill(self.process.pid, number)


@dataclass
class Disorder:
    """The processes, the killer and the clock."""

    place: Place
    size: Size
    chance: random.Random
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        each = self.size.events // TELLERS
        self.tellers = [Hand(tell, (self.place, number, each, SEED)) for number in range(TELLERS)]
        self.others = [*(Hand(run_line, (self.place,)) for _ in range(RUNNERS)), Hand(by_hand, (self.place,))]

    def go(self) -> None:
        """Until all events are told."""
        begun, seen, next_kill = time.monotonic(), 0, 1
        for hand in (*self.tellers, *self.others):
            hand.start()
        while not all(hand.done for hand in self.tellers):
            now = time.monotonic() - begun
            assert now < self.size.within, f"not over after {now:.0f} s; killed: {self.killed}"
            while (self.place.root / f"store/ledger/{MODEL}/{seen + 1:08d}.json").exists():
                seen += 1
            self.place.clock.set(BEGIN + seen * A_WHILE)
            if seen >= next_kill:
                self.disturb(now)
                next_kill = seen + self.chance.randint(1, 2 * self.size.every)
            self.repair(now)
            time.sleep(0.002)
        self.end()

    def disturb(self, now: float) -> None:
        """Kill one, or freeze it for a while; a run that is frozen for long is retried, and then comes back."""
        hand = self.chance.choice([hand for hand in (*self.tellers, *self.others) if not hand.done])
        if hand.thaws is None and self.chance.random() < 0.25:
            hand.send(signal.SIGSTOP)
            hand.thaws = now + self.chance.uniform(0.05, 1.2)
            if hand.what is run_line:
                hand.loses_slot = now + 0.3
            self.killed["frozen"] += 1
        else:
            hand.send(signal.SIGKILL)
            self.killed[hand.what.__name__] += 1

    def repair(self, now: float) -> None:
        for hand in (*self.tellers, *self.others):
            if hand.loses_slot is not None and now > hand.loses_slot:
                hand.loses_slot = None
                with (self.place.root / "slots").open("a") as file:
                    file.write(".")
            if hand.thaws is not None and now > hand.thaws:
                hand.send(signal.SIGCONT)
                hand.thaws = hand.loses_slot = None
            if hand.process.exitcode not in (None, 0):
                assert hand.process.exitcode == -signal.SIGKILL, hand.what
                self.killed["in all"] += 1
                hand.start()

    def end(self) -> None:
        """Whoever trains ends what has been begun, and goes home."""
        (self.place.root / "over").touch()
        for hand in self.others:
            hand.send(signal.SIGCONT)
        while not all(hand.done for hand in self.others):
            self.repair(0)
            time.sleep(0.005)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    made.clock.set(BEGIN)
    (tmp_path / "runs").mkdir()
    (tmp_path / "slots").touch()
    yield made
    (tmp_path / "over").touch()


LONGER = [pytest.mark.events, pytest.mark.soak, pytest.mark.timeout(3_600)]


@pytest.mark.parametrize("size", [pytest.param(SHORT, id="short"), pytest.param(LONG, id="ten-thousand", marks=LONGER)])
def test_each_event_is_used_by_one_judged_run(place: Place, size: Size) -> None:
    begun = time.monotonic()
    disorder = Disorder(place, size, random.Random(SEED))
    disorder.go()
    finish(place)
    ledger = place.ports(deadly=False).ledger(MODEL)
    view = ledger.view()
    assert ledger.verify() == len(view.entries), "the chain of hashes is whole"
    check_told(place, size, view)
    check_used(view)
    check_peace(view)
    assert disorder.killed["in all"] >= size.kills, f"too few were killed: {disorder.killed}"
    print(f"\n{report(view)} in {time.monotonic() - begun:.0f} s; killed: {dict(disorder.killed)}")


def finish(place: Place) -> None:
    """What is due is run to its end; what is left then are batches that came to nothing before anybody used them."""
    ports, model = place.ports(deadly=False), SPEC
    ledger: Ledger = ports.ledger(MODEL)
    place.clock.set(place.clock() + timedelta(days=2))
    for number in range(3):
        if not due(ledger.view(), model, ports.clock()):
            break
        found = resolve(ports, model, TrainRequest(f"last-{number}", "due"))
        assert isinstance(found, RunTriggered)
        judge(ports, found, promote=False)
    found = resolve(ports, model, TrainRequest("very-last", "a person", forced=True))
    assert isinstance(found, RunTriggered)
    judge(ports, found, promote=False)


def check_told(place: Place, size: Size, view: View) -> None:
    """Each event that somebody told of is one entry, the one that they were told; and there is none beside."""
    told = [json.loads(line) for file in place.root.glob("told-*.jsonl") for line in file.read_text().splitlines()]
    assert len(told) == size.events // TELLERS * TELLERS
    keys = Counter(entry.key for entry in view.entries)
    assert set(keys.values()) == {1}
    by_key = {entry.key: entry.sha256 for entry in view.entries}
    assert {key: by_key.get(key) for key, _ in filter(None, told)} == dict(filter(None, told))
    decided = {f"retrain:{entry.seq}" for entry in view.entries if entry.kind in ("batch_recalled", "rows_erased")}
    emitted = {entry.key for entry in events(view)}
    beside = {key for key in emitted - by_told(told) - decided if not key.startswith("erased:")}
    assert beside == set()


def by_told(told: list[Any]) -> set[str]:
    return {key for key, _ in filter(None, told)}


def events(view: View) -> list[Entry]:
    return [entry for entry in view.entries if isinstance(entry.body, BatchAccepted | RetrainAsked)]


def check_used(view: View) -> None:
    """Consumed equals emitted; and no run begins with what a judged one has used before."""
    judged: dict[str, int] = {}
    for entry in view.of(CandidateJudged):
        judged.setdefault(entry.body.run, entry.seq)
    runs = {entry.body.run: entry for entry in view.triggers}
    used: dict[int, str] = {}
    for run in judged:  # in the order in which they were judged
        for seq in runs[run].body.consumed:
            first = used.setdefault(seq, run)
            assert first == run or judged[first] > runs[run].seq, f"{run} began with {seq}, which {first} had used"
    assert sorted(used) == [entry.seq for entry in events(view)]
    assert used == dict(view.consumed)


def check_peace(view: View) -> None:
    """Runs that started by themselves kept cooldown and budget; those that somebody asked for need not."""
    own = [
        entry
        for entry in view.triggers
        if entry.body.why in BY_ITSELF and not any(words.startswith("entry ") for words in entry.body.because)
    ]
    at = [entry.at for entry in view.triggers]
    assert at == sorted(at)
    peace = SPEC.retrain.peace
    assert peace.at_most is not None
    for entry in own:
        before = [one.at for one in view.triggers if one.seq < entry.seq]
        assert not before or entry.at - before[-1] >= peace.cooldown, entry.seq
        assert sum(moment > entry.at - peace.at_most.within for moment in before) < peace.at_most.runs, entry.seq
    assert len(own) >= 3


def report(view: View) -> str:
    runs = Counter("judged" if entry.body.run in view.judged_runs else "died" for entry in view.triggers)
    twice = Counter(seq for e in view.triggers if e.body.run in view.judged_runs for seq in e.body.consumed)
    late = sum(number > 1 for number in twice.values())
    why = Counter(entry.body.why for entry in view.triggers)
    return (
        f"{len(events(view))} events in {len(view.entries)} entries, used by {runs['judged']} runs ({dict(why)}), "
        f"{runs['died']} died before they were judged; {late} events were taken up by two runs at once"
    )
