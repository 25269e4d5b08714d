"""`<model>_ingest`: notice batches and settle each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task_group

from everfit_airflow import operators as do
from everfit_airflow.dag._shared import shared
from everfit_airflow.sensors.new_batch import NewBatchSensor

if TYPE_CHECKING:
    from everfit.spec import ModelSpec

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
"""Any moment in the past, always the same. A continuous DAG without one gives its first run an interval of no length,
and Airflow 3.3.2 then takes the second run for the first and never starts it."""

CONSECUTIVE_FAILURES = 10
"""An ingest DAG that fails so often in a row is paused by Airflow instead of trying for ever."""


def ingest_dag(spec: ModelSpec) -> DAG:
    """Notice batches; validate, then commit or quarantine each; announce what is new."""
    with DAG(
        schedule="@continuous",
        start_date=BEGINNING,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=CONSECUTIVE_FAILURES,
        **shared(
            spec, "ingest", "Waits for data and settles every batch: accepted, quarantined or duplicate.", _about(spec)
        ),
    ) as dag:
        arrivals = NewBatchSensor(task_id="wait_for_batch", model=spec)

        @task_group(group_id="batch")
        def settle(arrival: Mapping[str, Any]) -> None:
            inspection = do.ValidateBatchOperator(task_id="validate", model=spec, arrival=arrival)
            do.CommitBatchOperator(task_id="commit", model=spec, inspection=inspection.output)

        # One batch that cannot be settled must not keep the others from being trained on, but must not go unnoticed.
        announce = do.AnnounceBatchesOperator(task_id="announce", model=spec, trigger_rule="all_done")
        settled = EmptyOperator(task_id="all_settled", trigger_rule="none_failed")
        batches = settle.expand(arrival=arrivals.output)
        batches >> announce
        [batches, announce] >> settled
    return dag


def _about(spec: ModelSpec) -> str:
    data = spec.data
    return f"""Waits for batches in *{data.landing}/BATCH/* of the landing place, complete once *{data.complete_when}*
is there, and settles each exactly once:

* **accepted**: versioned, and announced to *{spec.name}_train*
* **quarantined**: a copy is kept with the reasons; nothing else happens
* **duplicate**: the same bytes again; nothing happens

*Report* on the *Details* tab of *batch.validate* shows every check. To correct a batch, deliver it again."""
