"""`everfit_pointers`: the one committer that brings all models' pointers into git."""

from __future__ import annotations

from airflow.sdk import DAG, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable

from everfit_airflow import operators as do
from everfit_airflow.assets import data_asset
from everfit_airflow.retries import DEFAULTS

SWEEP = "17 * * * *"
"""Events are wake-ups only (Airflow 3.3.2 can lose one while a run is active), so a timer looks as well."""


def pointers_dag(models: list[str]) -> DAG:
    """Publish whenever a model has new data, one run at a time."""
    timetable = CronTriggerTimetable(SWEEP, timezone="UTC", run_immediately=False)
    woken_by = AssetAny(*(data_asset(model) for model in models))
    with DAG(
        "everfit_pointers",
        schedule=AssetOrTimeSchedule(timetable=timetable, assets=woken_by) if models else timetable,
        max_active_runs=1,
        catchup=False,
        description="Commits a .dvc pointer to every accepted batch of all models to one git repository.",
        doc_md=ABOUT,
        tags=["everfit", "pointers"],
        default_args=DEFAULTS | {"owner": "everfit"},
    ) as dag:
        do.PublishPointersOperator(task_id="publish")
    return dag


ABOUT = """### Pointers to all batches

Brings `MODEL/PARTITION.dvc` for the newest good version of every batch into the git repository of the connection
*everfit_pointers*. With a clone of it, `dvc pull` gives the data back without everfit.

What was recalled, erased or deleted goes with the next commit; older versions are in the history."""
