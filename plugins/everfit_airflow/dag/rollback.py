"""`<model>_rollback`: go back to the champion before this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG

from everfit_airflow import operators as do
from everfit_airflow.dag._shared import shared
from everfit_airflow.form import reason

if TYPE_CHECKING:
    from everfit.spec import ModelSpec


def rollback_dag(spec: ModelSpec) -> DAG:
    """Go back to the champion before this one: one click and a reason."""
    form = {"reason": reason("Why the champion has to go.")}
    with DAG(
        schedule=None,
        params=form,
        max_active_runs=1,
        **shared(spec, "rollback", "Makes the previous champion the champion again.", _about(spec)),
    ) as dag:
        do.RollBackOperator(task_id="roll_back", model=spec)
    return dag


def _about(spec: ModelSpec) -> str:
    return f"""Makes the champion before this one serve again. Trigger it and give the reason.

Nothing is trained or copied: the version is still loaded. The one that is undone is not deployed again by itself:
for that, trigger *{spec.name}_deploy* with its number."""
