"""Wait in the line of the pool until it is the run's turn to be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow.logs import say
from everfit_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class WaitForTurnOperator(TrainingOperator):
    """Let the run of the largest expected gain go first where a pool is full; holds neither a slot nor a worker.

    Put it right before `TrainModelOperator`, as everfit's own DAGs do where the spec says `train.pool.order: gain`. The
    run takes a place in the line of `train.pool.name`; if nobody is ahead it goes on at once, else it waits in the
    triggerer. The place, and why it is that one, are in the task's log; `everfit line` shows the whole line.
    """

    ui_color = "#ffe8c2"

    def work(self, ports: Ports, spec: ModelSpec, run: RunTriggered, context: Context) -> Any:
        """Take a place, and defer if somebody is ahead."""
        from airflow.sdk.exceptions import TaskDeferred

        from everfit.steps.line import look, take_place
        from everfit.values import dump
        from everfit_airflow.triggers.turn import TurnTrigger

        ticket = take_place(ports, spec, run)
        say(f"pool {ticket.pool}: {ticket.priority.words}")
        seen = look(ports.store, ticket, ports.clock())
        say(seen.words)
        if seen.turn:
            return self.called(context, dump(ticket.priority))
        raise TaskDeferred(
            trigger=TurnTrigger(ticket=dump(ticket), connections=self.connections.to_dict()),
            method_name=self.called.__name__,
        )

    def called(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        """It is the run's turn; returns what its place came from."""
        say("it is this run's turn: its training waits for the next free slot of the pool")
        return event
