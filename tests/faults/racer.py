"""Processes that deploy and go back, all at once, and are killed or frozen for it by a test.

Ledger and sample lie in a real store (a disk or an S3 server), aliases and route in a real MLflow or, so that thousands
of deployments fit into a test, in files (see `desk`).
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

from everfit.errors import EverfitError
from everfit.ledger import Ledger
from everfit.ledger.entries import CandidateJudged, ModelRegistered
from everfit.ledger.reconciler import Aliases
from everfit.ports import Ports, Store
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec, load_spec
from everfit.steps.deploy import deploy, roll_back
from everfit.stores import LocalStore, S3Store
from everfit.values import ModelVersion
from tests.faults.desk import Desk, Follower
from tests.faults.shelf import Shelf
from tests.steps.mortal import mortal

PRELOAD = ["boto3", "mlflow", "pydantic", __name__]
MODEL = "raced"
ROWS = 3
WAIT = 120
RACERS = 16
CALLS = {
    "store": ("create", "local_file"),
    "registry": ("alias", "set_alias", "route", "set_route"),
    "target": ("follow", "predict"),
}
"""Every call with which deploying and going back reach the world, but for reading the ledger."""


@dataclass(frozen=True)
class Place:
    """Where everything lies: below `root`, or on the S3 server that `s3` reaches, with aliases in `mlflow`."""

    root: Path
    s3: Mapping[str, Any] = field(default_factory=dict)
    mlflow: Shelf | None = None

    @property
    def store(self) -> Store:
        if self.s3:
            return S3Store(f"s3://races/{self.root.name}", cache=self.root / "cache", **self.s3)
        return LocalStore(self.root / "store")

    @property
    def registry(self) -> Aliases:
        if self.mlflow:
            return MlflowRegistry(self.mlflow.url, self.root / "work")
        (self.root / "desk").mkdir(parents=True, exist_ok=True)
        return Desk(self.root / "desk")

    def ports(self) -> Ports:
        """Opened anew by every process; all keep what they have read of the ledger in one place, as on one machine."""
        nothing: Any = None
        registry = self.registry
        return Ports(
            *(self.store, nothing, nothing, registry, Follower(registry)),  # type: ignore[arg-type]
            clock=lambda: datetime.now(UTC),
            work=self.root / "work",
        )

    def fill(self) -> None:
        """The first version serves."""
        self.register(self.ports().ledger(MODEL), 1)
        deploy(self.ports(), spec(), 1, "first#1", quiet)

    def register(self, ledger: Ledger, *versions: int) -> None:
        """Versions that passed their gates against the champion of now."""
        path, champion = self.root / "sample.json", ledger.view().champion
        path.write_text(json.dumps({"rows": [{}] * ROWS, "scores": [0.5] * ROWS}))
        sample = ledger.store.put_file("evidence/sample.json", path)
        for version in versions:
            said = (champion, True, "all gates passed", (), sample, sample)
            judged = ledger.append(
                f"judged:run-{version}", CandidateJudged(f"run-{version}", "mlflow", "snap", (), *said)
            )
            made = ModelVersion(MODEL, version, "mlflow", ())
            if self.mlflow:
                made = self.mlflow.put(MODEL, version, self.root)
            ledger.append(f"registered:{version}", ModelRegistered(made, judged.seq))


def spec() -> ModelSpec:
    """A model of that name."""
    return load_spec("flight_delays").model_copy(update={"name": MODEL})


def quiet(_message: str) -> None:
    """Nobody listens."""


def race(place: Place, racer: int, rounds: int, start: Barrier, end: Barrier) -> None:
    """In each round put a version of one's own in the champion's place, together with everybody else."""
    ports, model, said = place.ports(), spec(), []
    for number in range(rounds):
        start.wait(WAIT)
        try:
            said.append(str(deploy(ports, model, entrant(number, racer), f"round-{number}#1", quiet).body.version))
        except EverfitError as error:
            said.append(type(error).__name__)
        end.wait(WAIT)
    (place.root / f"said-{racer}.json").write_text(json.dumps(said))


def entrant(number: int, racer: int) -> int:
    """The version that a racer deploys in a round."""
    return 2 + number * RACERS + racer


def observe(place: Place, stop: Event) -> None:
    """Read who serves, over and over: by the ledger, and by the alias; a champion that is missing is 0."""
    ports, ledger_said, alias_said, looks = place.ports(), set[int](), set[int](), 0
    ledger = ports.ledger(MODEL)
    while not stop.is_set():
        ledger_said.add(ledger.view().champion or 0)
        alias_said.add(ports.registry.alias(MODEL, "champion") or 0)
        looks += 1
        stop.wait(0.05 if place.s3 or place.mlflow else 0.001)  # the server's time is for those who race
    seen = {"ledger": sorted(ledger_said), "alias": sorted(alias_said), "looks": looks}
    (place.root / "observed.json").write_text(json.dumps(seen))


def die_at(place: Place, what: str, moment: int, by: int) -> None:
    """Deploy version 2 or go back, until the `moment`-th chance, just before or after a call: then the signal `by`."""
    seen = iter(range(10**6))

    def when(_name: str, _given: tuple[Any, ...], _happened: bool) -> bool:
        if next(seen) == moment:
            os.kill(os.getpid(), by)
        return False

    ports = mortal(place.ports(), when, **CALLS)
    try:
        act(ports, what, "old#1")
    except EverfitError as error:
        (place.root / "ended").write_text(type(error).__name__)
        return
    (place.root / "ended").write_text("done" if next(seen) <= moment else "went on")


def act(ports: Ports, what: str, attempt: str) -> None:
    """What the process was to do."""
    if what == "deploy":
        deploy(ports, spec(), 2, attempt, quiet)
    else:
        roll_back(ports, spec(), "people complain", "ann", "the wish")


FATAL, FREEZE = signal.SIGKILL, signal.SIGSTOP
