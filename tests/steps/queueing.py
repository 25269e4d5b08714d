"""Models that want to be trained, without any training: ledgers in memory, and a clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from everfit.ledger.entries import (
    BatchAccepted,
    CandidateJudged,
    ModelRegistered,
    Promoted,
    RetrainAsked,
    RunTriggered,
)
from everfit.ports import DataStore, Landing, Ports, Registry, Store, Target
from everfit.spec import ModelSpec
from everfit.steps.snapshot import TrainRequest, resolve
from everfit.testing.fakes import MemoryStore
from everfit.values import Batch, ModelVersion, Outcome, StoredFile, Took, Verdict

FILE = StoredFile("evidence/e", "0")


@dataclass
class Hall:
    """Everybody who waits, in one store."""

    ports: Ports
    now: datetime = datetime(2013, 1, 1, tzinfo=UTC)

    def wait(self, **how: float) -> None:
        self.now += timedelta(**how)

    def accept(self, model: str, *partitions: str, rows: int = 100) -> None:
        for partition in partitions:
            batch = Batch(partition, 1, f"{model}-{partition}", rows, (), "outs: []")
            self._append(model, f"batch:{partition}", BatchAccepted(batch, "f", ""))

    def ask(self, model: str) -> None:
        self._append(model, f"asked:{self.now}", RetrainAsked("a recall", "us"))

    def trigger(self, spec: ModelSpec, why: str = "new data", *, forced: bool = False) -> RunTriggered:
        """A run as the training DAG begins it."""
        name = f"run-{len(self.view(spec.name).triggers) + 1}"
        found = resolve(self.ports, spec, TrainRequest(name, why, forced=forced))
        assert found is not None
        return found

    def judge(self, run: RunTriggered, model: str, *verdicts: Verdict, took: Took | None = None) -> int:
        body = CandidateJudged(
            run.run, "m", run.snapshot, (), self.view(model).champion, True, "", verdicts, FILE, FILE, took=took
        )
        return self._append(model, f"judged:{run.run}", body)

    def promote(self, run: RunTriggered, model: str, *verdicts: Verdict, took: Took | None = None) -> None:
        """The run ended with a new champion."""
        judged = self.judge(run, model, *verdicts, took=took)
        view = self.view(model)
        version = len(view.versions) + 1
        self._append(model, f"registered:{version}", ModelRegistered(ModelVersion(model, version, "m", ()), judged))
        self._append(model, f"promoted:{version}", Promoted(version, view.champion, judged, 1, 0.0))

    def view(self, model: str) -> Any:
        return self.ports.ledger(model).view()

    def _append(self, model: str, key: str, body: Any) -> int:
        return self.ports.ledger(model).append(key, body).seq


def hall(work: Path, store: Store | None = None) -> Hall:
    ports = Ports(
        store=store or MemoryStore(),
        landing=cast(Landing, None),
        data=cast(DataStore, None),
        registry=cast(Registry, None),
        target=cast(Target, None),
        clock=lambda: made.now,
        work=work,
    )
    made = Hall(ports)
    return made


def spec_of(model: str, cron: str | None = None, **pool: Any) -> ModelSpec:
    """A model that learns from two batches and is judged on a third."""
    return ModelSpec(
        name=model,
        task="binary",
        label="late",
        time="left",
        data={"landing": "trips", "tables": {"trips": {"file": "trips.csv"}}},
        window={"batches": 3, "holdout": 1, "at_least": 2},
        train={"pool": {"order": "gain", **pool}},
        retrain={"when": ["new_data", *([{"schedule": {"cron": cron}}] if cron else [])]},
    )


def measured(better: float, error: float, gate: str = "not_worse_than_champion") -> Verdict:
    """A comparison with the champion: so much less loss, give or take."""
    half = 1.645 * error
    return replace(
        Verdict(gate, Outcome.PASSED, "", wanted="below"), effect=-better, low=-better - half, high=-better + half
    )
