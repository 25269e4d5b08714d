"""The MLflow run of a training run, opened again by the steps that come after training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from everfit.errors import LedgerError

if TYPE_CHECKING:
    from everfit.ports import Ports, Run
    from everfit.values import Candidate


@contextmanager
def run_of(ports: Ports, candidate: Candidate) -> Iterator[Run]:
    """The candidate's MLflow run; `LedgerError` if the registry opens another one under its name."""
    with ports.registry.run(candidate.model, candidate.run, candidate.run) as run:
        if run.id != candidate.mlflow_run:
            raise LedgerError(
                f"the candidate of run {candidate.run} was trained in MLflow run {candidate.mlflow_run}, but MLflow "
                f"knows that run as {run.id}: was its database replaced? Train again under a new run"
            )
        yield run
