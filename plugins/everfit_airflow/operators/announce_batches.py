"""Tell whoever trains that there is new data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow.assets import data_asset
from everfit_airflow.logs import say, skip
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class AnnounceBatchesOperator(StepOperator):
    """Emit one asset event for all accepted batches that no training run has used yet; skip if there are none.

    The event is a wake-up, not a message: what is new is read from the ledger by whoever wakes up.
    """

    def __init__(self, *, model: str | ModelSpec, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, outlets=[data_asset(name)], **kwargs)

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Look into the ledger and announce."""
        from everfit.steps.snapshot import unused_batches

        fresh = unused_batches(ports.ledger(spec.name).view(), spec.window)
        if not fresh:
            skip("no accepted batch is waiting to be trained on")
        partitions = [batch.label for _, batch in fresh]
        say(f"new data for {spec.name}: {', '.join(partitions)}")
        context["outlet_events"][data_asset(spec.name)].extra = {"partitions": ", ".join(partitions)}
        return {"partitions": partitions}
