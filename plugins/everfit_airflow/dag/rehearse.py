"""`<model>_rehearse`: prove day by day that going back would work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG

from everfit_airflow import operators as do
from everfit_airflow.dag._shared import by_clock, shared

if TYPE_CHECKING:
    from everfit.spec import ModelSpec


def rehearse_dag(spec: ModelSpec) -> DAG:
    """Let the version before the champion show that it could take over."""
    cron = spec.schedule.rehearse
    with DAG(
        schedule=by_clock(cron) if cron else None,
        max_active_runs=1,
        **shared(spec, "rehearse", "Proves that going back to the previous champion would work.", _about(spec)),
    ) as dag:
        do.RehearseRollbackOperator(task_id="rehearse", model=spec)
    return dag


def _about(spec: ModelSpec) -> str:
    return f"""Fetches the version before the champion from MLflow, makes features of the newest batch with its code,
and asks the model server for it. Nobody who asks for predictions notices.

If it fails, going back would fail, too: its message says why. *{spec.name}_rollback* goes back in earnest."""
