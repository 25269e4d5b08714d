"""What the operators of a training run share: they all work for one run that the ledger knows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit.errors import LedgerError
from everfit_airflow.handover import Handed
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class TrainingOperator(StepOperator):
    """A step of the run that `ResolveSnapshotOperator` recorded.

    :param run: what `ResolveSnapshotOperator` returned.
    """

    template_fields: Sequence[str] = ("model", "run")

    def __init__(self, *, run: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    @abstractmethod
    def work(self, ports: Ports, spec: ModelSpec, run: RunTriggered, context: Context) -> Any:
        """Do the work for the run."""

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> Any:
        """Find the run in the ledger and work for it."""
        from everfit.ledger.entries import RunTriggered

        entry = ports.ledger(spec.name).view().claimed(f"run:{self.run['run']}")
        if entry is None or not isinstance(entry.body, RunTriggered):
            raise LedgerError(
                f"the ledger of {spec.name} knows no run {self.run['run']!r}: clear the task that resolves the snapshot"
            )
        return self.work(ports, spec, entry.body, context)
