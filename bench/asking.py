"""Seconds that the gates take which ask the models themselves: both are real, and so are the servers that they start.

The candidate learnt from eight months of flights and is judged on four, against a champion that serves. Seconds are
those of `measure` and `judge` together, told against one read of the evidence. `make bench` runs it when its pipeline
has stopped; it needs the running services of that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console

from bench.gates import ROUNDS, tell, timed
from everfit.cli.flow import Flow
from everfit.cli.opened import opened
from everfit.cli.telling import Telling
from everfit.ledger.entries import CandidateJudged
from everfit.spec import ModelSpec, load_spec
from everfit.spec.building import gate_from
from everfit.steps.snapshot import TrainRequest
from tools.local.environment import command_environment
from tools.local.stack import Stack

MODEL = "flight_delays"
ASKED = (
    "leaks_no_label",
    {"behaves": {"expect": {"hour": "increasing", "tailnum": "any"}}},
    {"holds_over_time": {"loss": "log_loss"}},
    "features_alike",
    "answers_when_served",
    "not_slower",
)


def main(console: Console, stack: Stack) -> None:
    """Make a champion, then time the gates on the next candidate."""
    os.environ.update(command_environment(stack.paths, stack.ports))
    spec, spent = load_spec(MODEL), dict[str, float]()
    easy = gate_from({"above_bar": {"metric": "auc", "at_least": 0.6}})
    _run(console, spec.model_copy(update={"gates": (easy,)}), "deploy", "champion", until="2013-08")
    gates = tuple(_timed(gate_from(asked), spent) for asked in ASKED)
    window = spec.window.model_copy(update={"batches": 12, "holdout": 4})
    _run(console, spec.model_copy(update={"gates": gates, "window": window}), "judge", "candidate")
    ports = opened()
    evidence = ports.store.local_file(ports.ledger(MODEL).view().of(CandidateJudged)[-1].body.evidence)
    read = min(timed(lambda: pd.read_parquet(evidence)) for _ in range(ROUNDS))
    tell(console, len(pd.read_parquet(evidence)), {"one read": read, **spent})


def _run(console: Console, spec: ModelSpec, step: str, note: str, until: str | None = None) -> None:
    request = TrainRequest("bench", "the bench", note=note, batches=8 if until else 12, until=until, forced=True)
    Flow(opened(), spec, Telling(console), step).run(request)


def _timed(gate: Any, spent: dict[str, float]) -> Any:
    """The gate, which adds what it takes to `spent` under its name."""
    kind = type(gate)
    name = kind.__module__.rpartition(".")[2]

    @contextmanager
    def counted() -> Iterator[None]:
        began = time.perf_counter()
        yield
        spent[name] = spent.get(name, 0.0) + time.perf_counter() - began

    class Timed(kind):  # type: ignore[valid-type]
        def measure(self, subject: Any) -> Mapping[str, Any]:
            with counted():
                found: Mapping[str, Any] = super().measure(subject)
                return found

        def judge(self, evidence: Any) -> Any:
            with counted():
                return super().judge(evidence)

    Timed.__module__ = kind.__module__
    return Timed(**vars(gate))
