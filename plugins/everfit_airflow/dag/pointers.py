"""`everfit_pointers`: the one committer that brings all models' pointers into git."""

from __future__ import annotations

from airflow.sdk import DAG, AssetAny, AssetOrTimeSchedule

from everfit_airflow import operators as do
from everfit_airflow.assets import data_asset
from everfit_airflow.dag._shared import by_clock, of_all

SWEEP = "17 * * * *"
"""Events are wake-ups only (Airflow 3.3.2 can lose one while a run is active), so a timer looks as well."""


def pointers_dag(models: list[str]) -> DAG:
    """Publish whenever a model has new data, one run at a time."""
    said = "Commits a .dvc pointer to every accepted batch of all models to one git repository."
    timetable = by_clock(SWEEP)
    woken_by = AssetAny(*(data_asset(model) for model in models))
    schedule = AssetOrTimeSchedule(timetable=timetable, assets=woken_by) if models else timetable
    with DAG(**of_all("pointers", said, ABOUT), schedule=schedule) as dag:
        do.PublishPointersOperator(task_id="publish")
    return dag


ABOUT = """### Pointers to all batches

Brings `MODEL/PARTITION.dvc` for the newest good version of every batch into the git repository of the connection
*everfit_pointers*. With a clone of it, `dvc pull` gives the data back without everfit.

What was recalled, erased or deleted goes with the next commit; older versions are in the history."""
