"""Wait for a complete batch in the landing place, holding no worker slot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

from everfit_airflow.connections import Connections
from everfit_airflow.logs import say, skip

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.spec import ModelSpec

AT_ONCE = 500
"""Batches taken by one run at most; Airflow maps at most 1,024 tasks, and the rest is found by the next run."""


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

        found = self.look()
        if found:
            say(f"found: {', '.join(str(arrival['partition']) for arrival in found)}")
            return found
        data = self.spec().data
        if event is not None:
            skip(f"nothing arrived in {data.landing} for {data.look_for:,.0f} s")
        from everfit_airflow.triggers.new_batch import NewBatchTrigger

        say(f"nothing new in {data.landing}; waiting in the triggerer, a look every {data.look_every:g} s")
        raise TaskDeferred(
            trigger=NewBatchTrigger(
                model=self.spec().name,
                folder=data.landing,
                marker=data.complete_when,
                every=data.look_every,
                look_for=data.look_for,
                connections=self.connections.to_dict(),
            ),
            method_name="execute",
            timeout=timedelta(seconds=data.look_for + 600),
        )

    def look(self) -> list[dict[str, Any]]:
        """The unsettled deliveries of this moment, oldest partition first."""
        from everfit.steps.ingest import waiting
        from everfit.values import dump
        from everfit_airflow.hooks.everfit import EverfitHook

        arrivals = waiting(EverfitHook(self.connections).ports(), self.spec())
        return [dump(arrival) for arrival in arrivals[:AT_ONCE]]

    def spec(self) -> ModelSpec:
        """The model's spec: the one given, or the file of that name as it is now."""
        from everfit.spec import load_spec

        return self._spec or load_spec(self.model)
