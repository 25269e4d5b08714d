"""`<model>_override`: promote a candidate that the gates kept back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG, Param

from everfit_airflow import operators as do
from everfit_airflow.dag._shared import shared
from everfit_airflow.form import reason

if TYPE_CHECKING:
    from everfit.spec import ModelSpec


def override_dag(spec: ModelSpec) -> DAG:
    """Decide against the gates: a run and a reason."""
    form = {
        "run": Param(
            type="string",
            minLength=1,
            maxLength=250,
            title="Run",
            description_md="The run whose candidate was kept back: see *Decisions* on the page of everfit.",
        ),
        "reason": reason("Why it is to be promoted all the same."),
    }
    with DAG(
        schedule=None,
        params=form,
        max_active_runs=1,
        **shared(spec, "override", "Promotes a candidate that the gates kept back.", _about(spec)),
    ) as dag:
        do.OverrideGatesOperator(task_id="override", model=spec)
    return dag


def _about(spec: ModelSpec) -> str:
    return f"""Makes a candidate that was kept back the challenger, **against its gates**. Who did so and why is kept
for good: in the ledger, on the version in MLflow, on its page and in its signed evidence.

*{spec.name}_deploy* goes on from there. It asks people where the spec wants that, and the version has to answer on the
model server like any other."""
