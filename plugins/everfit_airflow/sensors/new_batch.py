"""Wait for a complete batch in the landing place, holding no worker slot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

from everfit_airflow.connections import Connections
from everfit_airflow.logs import say, skip
from everfit_airflow.looking import AT_ONCE, sent

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.spec import ModelSpec
    from everfit.steps.ingest import Look


class NewBatchSensor(BaseSensorOperator):
    """Find every complete delivery that the ledger has not settled, or wait in the triggerer for one.

    It looks once, and if there is nothing it defers. What wakes it up is not what it returns: after waking it looks
    again and returns all that is unsettled by then. When nothing came for `spec.data.look_for` seconds it skips, so
    that a continuous DAG starts a new look-out.

    :param model: the model's name, or a `ModelSpec` built in Python.
    :param connections: the Airflow connections to use.
    """

    template_fields: Sequence[str] = ("model",)
    ui_color = "#d9ecff"

    def __init__(self, *, model: str | ModelSpec, connections: Connections | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model if isinstance(model, str) else model.name
        self._spec = None if isinstance(model, str) else model
        self.connections = connections or Connections()

    def execute(self, context: Context, event: dict[str, Any] | None = None) -> list[dict[str, Any]]:  # noqa: ARG002
        """Look, and defer if there is nothing; also where the trigger comes back to."""
        from airflow.sdk.exceptions import TaskDeferred

        from everfit.values import dump

        found = self.look()
        if found.ready:
            say(f"found: {', '.join(arrival.partition for arrival in found.ready)}")
            return [dump(arrival) for arrival in found.ready]
        data = self.spec().data
        if found.overdue:
            skip(f"late in {data.landing}: {len(found.overdue)}; nothing else is there")
        if event and event["partitions"]:
            skip(f"what arrived in {data.landing} does not count yet: {', '.join(event['partitions'])}")
        if event is not None:
            skip(f"nothing arrived in {data.landing} for {data.look_for:,.0f} s")
        from everfit_airflow.triggers.new_batch import NewBatchTrigger

        say(f"nothing new in {data.landing}; waiting in the triggerer, a look every {data.look_every:g} s")
        raise TaskDeferred(
            trigger=NewBatchTrigger(model=self.spec().name, data=sent(data), connections=self.connections.to_dict()),
            method_name="execute",
            timeout=timedelta(seconds=data.look_for + 600),
        )

    def look(self) -> Look:
        """What is unsettled at this moment, oldest partition first, and what is late."""
        from everfit.steps.ingest import look
        from everfit_airflow.hooks.everfit import EverfitHook

        ports, spec = EverfitHook(self.connections).ports(), self.spec()
        return look(ports, ports.ledger(spec.name), spec.data, most=AT_ONCE)

    def spec(self) -> ModelSpec:
        """The model's spec: the one given, or the file of that name as it is now."""
        from everfit.spec import load_spec

        return self._spec or load_spec(self.model)
