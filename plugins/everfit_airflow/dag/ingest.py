"""`<model>_ingest`: notice batches and settle each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, task_group

from everfit_airflow import operators as do
from everfit_airflow.assets import landing_asset
from everfit_airflow.connections import Connections
from everfit_airflow.dag._shared import shared
from everfit_airflow.looking import sent
from everfit_airflow.sensors.new_batch import NewBatchSensor

if TYPE_CHECKING:
    from airflow.triggers.base import BaseEventTrigger

    from everfit.spec import ModelSpec

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
"""Any moment in the past, always the same. A continuous DAG without one gives its first run an interval of no length,
and Airflow 3.3.2 then takes the second run for the first and never starts it."""

CONSECUTIVE_FAILURES = 10
"""An ingest DAG that fails so often in a row is paused by Airflow instead of trying for ever."""


def ingest_dag(spec: ModelSpec) -> DAG:
    """Notice batches; validate, then commit or quarantine each; announce what is new."""
    with DAG(
        schedule=_when_to_look(spec),
        start_date=BEGINNING,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=CONSECUTIVE_FAILURES,
        **shared(
            spec, "ingest", "Waits for data and settles every batch: accepted, quarantined or duplicate.", _about(spec)
        ),
    ) as dag:
        waits = spec.data.wake.by == "look"
        arrivals = (
            NewBatchSensor(task_id="wait_for_batch", model=spec)
            if waits
            else do.FindBatchesOperator(task_id="find_batches", model=spec)
        )

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
        if spec.data.counts_when.within is not None:
            arrivals >> do.TellLateOperator(task_id="tell_late", model=spec, trigger_rule="all_done")
    return dag


def _when_to_look(spec: ModelSpec) -> Any:
    """One run after the other, each of which waits; or a run for each event, and for each tick of the sweep."""
    wake, data = spec.data.wake, spec.data
    if wake.by == "look":
        return "@continuous"
    trigger: BaseEventTrigger
    if wake.queue:
        from everfit_airflow.triggers.message_queue import QueueTrigger

        trigger = QueueTrigger(queue=wake.queue, connection=wake.connection)
    else:
        from everfit_airflow.triggers.landing import LandingTrigger

        trigger = LandingTrigger(model=spec.name, data=sent(data), connections=Connections().to_dict())
    sweep = CronTriggerTimetable(wake.sweep, timezone="UTC")
    return AssetOrTimeSchedule(timetable=sweep, assets=[landing_asset(spec.name, trigger)])


def _about(spec: ModelSpec) -> str:
    data = spec.data
    what = "*BATCH*" if data.each == "folder" else f"*{next(iter(data.tables.values())).file}*"
    return f"""{_WOKEN[data.wake.by]} Takes {what} in *{data.landing}* of the landing place, complete
{_complete(spec)}, and settles each exactly once:

* **accepted**: versioned, and announced to *{spec.name}_train*
* **quarantined**: a copy is kept with the reasons; nothing else happens
* **duplicate**: the same bytes again; nothing happens

*Report* on the *Details* tab of *batch.validate* shows every check. To correct a batch, deliver it again."""


_WOKEN = {
    "look": "Waits for batches, without a worker.",
    "watch": "Starts when the triggerer sees something new, and at every sweep.",
    "queue": "Starts when a message arrives in the queue, and at every sweep.",
}


def _complete(spec: ModelSpec) -> str:
    from everfit.spec import Manifest, Unchanged

    match spec.data.complete_when:
        case Unchanged(unchanged_for=seconds):
            return f"once nothing has changed for {seconds:g} s"
        case Manifest(manifest=name):
            return f"once all files are there that *{name}* lists"
        case marker:
            return f"once *{marker.mark}* is there"
