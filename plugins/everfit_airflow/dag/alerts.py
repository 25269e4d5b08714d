"""`everfit_alerts`: tells people what is wrong with a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG

from everfit_airflow import operators as do
from everfit_airflow.dag._shared import by_clock, of_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from everfit_airflow.channels import Notifier

OFTEN = "*/5 * * * *"


def alerts_dag(models: list[str], notifiers: Sequence[Notifier] = ()) -> DAG:
    """One task per model, so that a wrong spec silences no other model. The next run is the retry."""
    said = "Tells people what is wrong with a model, each incident once."
    with DAG(**of_all("alerts", said, ABOUT), schedule=by_clock(OFTEN), max_active_tasks=2) as dag:
        for model in models:
            do.AlertOperator(task_id=model, model=model, notifiers=notifiers, retries=0)
    return dag


ABOUT = """### What is wrong is told once

Looks every five minutes for what is wrong with each model: refused or late data, a rollout that was stopped, a champion
that was taken back, a rehearsal that failed, candidates that are kept back again and again, no fresh champion by the
deadline. What is new goes out in one message per channel: to the addresses in the connection *everfit_alerts*
(Apprise), and to the notifiers that the DAG file names. A task is skipped when there is nothing to tell, and red until
each channel has taken its message.

*everfit alerts* shows the same on the command line."""
