"""`<model>_score`: predictions for whole batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, AssetOrTimeSchedule, Param, task_group

from everfit_airflow import operators as do
from everfit_airflow.assets import data_asset
from everfit_airflow.dag._shared import by_clock, shared
from everfit_airflow.form import PARTITION

if TYPE_CHECKING:
    from everfit.spec import ModelSpec
    from everfit.spec.scoring import ScoreSpec


def score_dag(spec: ModelSpec, score: ScoreSpec) -> DAG:
    """Find what waits to be scored, and score each partition."""
    form = {
        "partition": Param(
            None,
            type=["null", "string"],
            pattern=PARTITION,
            title="Batch",
            description_md="Only this one, such as 2013-05, scored before or not. Empty: all that wait.",
        )
    }
    with DAG(
        schedule=_when(spec, score),
        params=form,
        max_active_runs=1,
        **shared(spec, "score", "Writes the champion's predictions for whole batches.", _about(spec, score)),
    ) as dag:
        found = do.FindUnscoredOperator(task_id="find_unscored", model=spec)

        @task_group(group_id="batch")
        def each(partition: str) -> None:
            do.ScoreBatchOperator(task_id="score", model=spec, partition=partition)

        each.expand(partition=found.output)  # an operator that is mapped itself would show Airflow no outlets
    return dag


def _when(spec: ModelSpec, score: ScoreSpec) -> Any:
    accepted = [data_asset(spec.name)] if score.of == "batches" else None
    if score.look is None:
        return accepted
    timetable = by_clock(score.look)
    return AssetOrTimeSchedule(timetable=timetable, assets=accepted) if accepted else timetable


def _about(spec: ModelSpec, score: ScoreSpec) -> str:
    what = "every batch that is accepted"
    if score.of == "landing":
        what = f"every complete delivery in *{score.folder}* of the landing place that keeps its expectations"
    return f"""Scores {what}, with the champion of that moment, and writes the predictions as Parquet to
*scores/{spec.name}/BATCH/* in the store. While a challenger is in a canary it scores its share of the rows; each row
says by which version it was scored. Versions in the shadow write files of their own.

The same batch and the same versions are scored once. A batch that is corrected is scored anew, and the newest counts.
Other DAGs can start with the asset *{spec.name}_scores*."""
