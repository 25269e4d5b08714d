"""Processes that tell a ledger of events, and processes that train because of them; a test kills and freezes them.

Batches are told as `commit` tells of them, erased rows as `erase` does, without the bytes; recalls, and runs up to the
training, are the real steps. Beside the test's signals
each process dies now and then by itself, just before or after it has written to the store.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from everfit.errors import EverfitError, NotEnoughData, UnknownName
from everfit.ledger import Entry, View
from everfit.ledger.entries import (
    BatchAccepted,
    BatchDuplicate,
    BatchQuarantined,
    Body,
    BytesDeleted,
    CandidateJudged,
    ModelRegistered,
    Promoted,
    RetrainAsked,
    RowsErased,
    RunTriggered,
)
from everfit.ports import Ports
from everfit.spec import ModelSpec, RetrainSpec, WindowSpec, load_spec
from everfit.steps.due import due
from everfit.steps.recall import RecallOrder, recall, refusal
from everfit.steps.snapshot import TrainRequest, resolve
from everfit.steps.why_now import NotNow
from everfit.steps.withdraw import withdraw
from everfit.stores import LocalStore
from everfit.values import Batch, ModelVersion, StoredFile
from tests.faults.desk import Desk, Follower
from tests.steps.mortal import mortal

PRELOAD = ["__main__", __name__]
MODEL = "busy"
PARTITIONS = 48
TRIES = 2
"""After so many a run has failed for good."""
SPEC = load_spec("flight_delays").model_copy(
    update={
        "name": MODEL,
        "window": WindowSpec(kind="expanding", holdout=1, at_least=2),
        "retrain": RetrainSpec(
            when=[{"new_data": {"batches": 2}}, {"schedule": {"cron": "0 */3 * * *"}}],
            cooldown="1h",
            at_most={"runs": 14, "within": "24h"},
        ),
    }
)
"""Learns from all partitions; made here, so that it is there when a process is forked."""
DEADLY = 0.004
"""How often a write to the store is the last thing that a process does."""
PAUSE = 0.03
"""Seconds between two events of a teller, so that runs come between them."""
FATAL = 0.15
"""How often a training is the last thing that a process does."""
KINDS = {"batch": 92, "wish": 3, "recall": 3, "erase": 2}


@dataclass(frozen=True)
class Place:
    """Where everything lies, and a clock that the test turns."""

    root: Path

    @property
    def clock(self) -> Clock:
        return Clock(self.root / "clock")

    def ports(self, *, deadly: bool = True) -> Ports:
        """Opened anew by every process; all keep what they have read of the ledger in one place, as on one machine."""
        (self.root / "desk").mkdir(exist_ok=True)
        nothing: Any = None
        desk: Any = Desk(self.root / "desk")
        ports = Ports(
            *(LocalStore(self.root / "store"), nothing, nothing, desk, Follower(desk)),
            clock=self.clock,
            work=self.root / "work",
        )
        return mortal(ports, by_chance(random.Random()), store=("create", "write")) if deadly else ports

    @property
    def over(self) -> bool:
        """Whether who waits for events may go home."""
        return (self.root / "over").exists()


@dataclass(frozen=True)
class Clock:
    """A simulated time that all processes share: seconds in a file, which one of them writes over."""

    file: Path

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(struct.unpack("d", self.file.read_bytes())[0], UTC)

    def set(self, now: datetime) -> None:
        handle = os.open(self.file, os.O_WRONLY | os.O_CREAT)
        os.pwrite(handle, struct.pack("d", now.timestamp()), 0)
        os.close(handle)


def by_chance(chance: random.Random) -> Callable[[str, tuple[Any, ...], bool], bool]:
    """A death by one's own hand, at a random write."""

    def when(*_: Any) -> bool:
        if chance.random() < DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    return when


class Journal:
    """What a process has finished, one whole line each: who takes its place goes on behind the last of them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        told = file.read_bytes() if file.exists() else b""
        whole = told[: told.rfind(b"\n") + 1]
        if whole != told:
            file.write_bytes(whole)
        self.lines: list[Any] = [json.loads(line) for line in whole.splitlines()]

    def add(self, line: Any) -> None:
        with self.file.open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
        self.lines.append(line)


def tell(place: Place, teller: int, events: int, seed: int) -> None:
    """Tell of so many events, and write down which entry of the ledger each has become."""
    ports, model, journal = place.ports(), SPEC, Journal(place.root / f"told-{teller}.jsonl")
    while (number := len(journal.lines)) < events:
        chance = random.Random(f"{seed} {teller} {number}")  # the same again after a death
        (kind,) = chance.choices([*KINDS], [*KINDS.values()])
        entry = TELL[kind](ports, model, f"{teller}-{number}", chance)
        journal.add([entry.key, entry.sha256] if entry else None)
        time.sleep(random.expovariate(1 / PAUSE))


def _batch(ports: Ports, _model: ModelSpec, name: str, chance: random.Random) -> Entry:
    """A delivery: of new bytes, or of some that the partition had before."""
    partition, text = _partition(chance), name
    if chance.random() < 0.3:
        text = str(chance.randrange(3))
    content, ledger = sha256(f"{partition} {text}".encode()).hexdigest(), ports.ledger(MODEL)

    def settle(view: View) -> Body:
        held = view.holds(partition, content)
        if held is not None:
            return BatchDuplicate(partition, name, content, held)
        if refused := refusal(view, partition, content):
            return BatchQuarantined(partition, name, content, (refused.sentence,), "", "")
        return BatchAccepted(Batch(partition, len(view.accepted(partition)) + 1, content, 1, (), ""), name, "")

    work = f"{partition}:{name}"
    return ledger.decide(f"arrival:{work}", settle, ledger.open(f"ingest:{work}", "try-1#1"))


def _wish(ports: Ports, _model: ModelSpec, name: str, _chance: random.Random) -> Entry:
    return ports.ledger(MODEL).append(f"wish:{name}", RetrainAsked("somebody wants to", name))


def _recall(ports: Ports, model: ModelSpec, name: str, chance: random.Random) -> Entry | None:
    try:
        return recall(ports, model, RecallOrder(_partition(chance), f"bad, says {name}", name)).decision
    except UnknownName:
        return None


def _erase(ports: Ports, model: ModelSpec, name: str, chance: random.Random) -> Entry | None:
    """The batch without a row, the decision, what follows from it, and the receipt."""
    ledger, partition, key = ports.ledger(MODEL), _partition(chance), f"rows_erased:{name}"
    view = ledger.view()
    there = [(seq, batch) for seq, batch in view.batches if batch.partition == partition]
    if not there and view.claimed(key) is None:
        return None
    for seq, batch in there if view.claimed(key) is None else ():
        hashed = sha256(batch.sha256.encode()).hexdigest()

        def accept(now: View, hashed: str = hashed, seq: int = seq) -> BatchAccepted:
            version = len(now.accepted(partition)) + 1
            return BatchAccepted(Batch(partition, version, hashed, 1, (), ""), f"erased-{seq}", "")

        cleaned = ledger.decide(f"erased:{partition}:{seq}:{hashed}", accept).seq
        body = RowsErased("rows", "row", "salt", ("key",), 1, (seq,), (cleaned,), (), "a wish", name)
        ledger.append(key, body)
    entry = ledger.view().claimed(key)
    assert entry is not None
    withdraw(ports, model, entry)
    (gone,) = entry.body.batches  # type: ignore[union-attr]
    old = ledger.view().entries[gone - 1].body.batch  # type: ignore[union-attr]
    ledger.append(f"deleted:{entry.seq}", BytesDeleted((f"{old.label} {old.sha256}",), 1, 1))
    return entry


TELL: dict[str, Callable[[Ports, ModelSpec, str, random.Random], Entry | None]] = {
    "batch": _batch,
    "wish": _wish,
    "recall": _recall,
    "erase": _erase,
}


def _partition(chance: random.Random) -> str:
    return f"day-{chance.randrange(PARTITIONS):02}"


def run_line(place: Place) -> None:
    """As Airflow at `max_active_runs=1`: one run after the other, each tried a few times under its name."""
    ports, model, number = place.ports(), SPEC, 0
    while not place.over:
        with turn(place):
            runs = place.root / "runs"
            while (runs / f"{number + 1}").exists():
                number += 1
            tried = sum((runs / f"{number}.{nth}").exists() for nth in range(TRIES))
            if number == 0 or tried == TRIES or (runs / f"{number}.over").exists():
                number, tried = number + 1, 0
                (runs / f"{number}").touch()
            (runs / f"{number}.{tried}").touch()
            why = random.Random(number).choice(["due", "due", "schedule", "new data"])
            train(ports, model, f"run-{number}", why)
            (runs / f"{number}.over").touch()
        time.sleep(0.005)


@contextmanager
def turn(place: Place) -> Iterator[None]:
    """The one slot, which a death frees at once; one that is frozen loses it when the test says that it has."""
    while True:
        number = (place.root / "slots").stat().st_size
        with (place.root / f"slot-{number}").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if (place.root / "slots").stat().st_size == number:
                yield
                return


def by_hand(place: Place) -> None:
    """Somebody at a terminal, who knows of no line."""
    ports, model, journal = place.ports(), SPEC, Journal(place.root / "by-hand.jsonl")
    while not place.over:
        train(ports, model, f"by-hand-{len(journal.lines)}", "a person")
        journal.add(None)
        time.sleep(random.uniform(0, 2))


def train(ports: Ports, model: ModelSpec, run: str, why: str) -> RunTriggered | None:
    """A run from its first task to its last, if there is to be one."""
    ledger, chance = ports.ledger(MODEL), random.Random(run)
    if why == "due" and not due(ledger.view(), model, ports.clock()) and ledger.view().claimed(f"run:{run}") is None:
        return None
    try:
        found = resolve(ports, model, TrainRequest(run, why, "airflow"))
    except NotEnoughData:
        return None
    if isinstance(found, NotNow):
        return None
    time.sleep(random.expovariate(100))
    if random.random() < FATAL:
        os.kill(os.getpid(), signal.SIGKILL)
    judge(ports, found, promote=chance.random() < 0.3)
    return found


def judge(ports: Ports, found: RunTriggered, *, promote: bool) -> None:
    """The judgement; a good candidate becomes a version, and every other of these the champion."""
    ledger, file = ports.ledger(MODEL), StoredFile("k", "s")
    said = CandidateJudged(found.run, "m", found.snapshot, (), None, promote, "a die was cast", (), file, file)
    judged = ledger.append(f"judged:{found.run}", said)
    if not promote:
        return

    def register(view: View) -> ModelRegistered:
        return ModelRegistered(ModelVersion(MODEL, len(view.versions) + 1, "m", ()), judged.seq)

    entry = ledger.decide(f"registered:{found.run}", register)
    version = entry.body.version.version  # type: ignore[union-attr]
    with suppress(EverfitError):  # its data was recalled meanwhile
        if version % 2:
            ledger.decide(f"promoted:{version}", lambda view: Promoted(version, view.champion, judged.seq, 1, 0.0))
