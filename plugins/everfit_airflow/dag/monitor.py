"""`<model>_monitor`: look at the champion in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG, AssetAny, AssetOrTimeSchedule

from everfit_airflow import operators as do
from everfit_airflow.assets import data_asset, labels_asset
from everfit_airflow.dag._shared import by_clock, shared

if TYPE_CHECKING:
    from everfit.spec import ModelSpec


def monitor_dag(spec: ModelSpec) -> DAG:
    """Look by the clock, and whenever there are new labels, or a new batch where it is watched or has labels."""
    told, batch = labels_asset(spec.name), data_asset(spec.name)
    new = batch if spec.monitor.of == "batches" else AssetAny(told, batch) if spec.monitor.key else told
    with DAG(
        schedule=AssetOrTimeSchedule(timetable=by_clock(spec.monitor.every), assets=new),
        max_active_runs=1,  # looks share a number of false alarms by the time that has gone by between them
        **shared(spec, "monitor", "Says whether the champion is harmed, why, and what to do.", _about(spec)),
    ) as dag:
        do.MonitorModelOperator(task_id="monitor", model=spec)
    return dag


def _about(spec: ModelSpec) -> str:
    from everfit.catalog import name_of

    rows = "what callers asked" if spec.monitor.of == "requests" else "the batches that came after its own"
    asked = ", ".join(f"*{name_of(type(one)).replace('_', ' ')}*" for one in spec.monitor.monitors)
    return f"""Holds {rows} in the last {spec.monitor.window} against what the champion was judged on: {asked}.
Of a year's looks, all monitors together give at most {spec.monitor.false_alarms:g} false alarms on average.

*Report*, on the *Details* tab of *monitor*, has the worst first, how it went over time, why, and what to do. A training
run starts by itself where `retrain.when` in the spec has `decay`, `estimated_decay` or `drift`. Whoever brings labels
can start a look by an event of the asset *{spec.name}_labels*."""
