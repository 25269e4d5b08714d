"""`<model>_recall`: take a bad batch back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG, Param

from everfit_airflow import operators as do
from everfit_airflow.dag._shared import shared
from everfit_airflow.form import PARTITION, reason

if TYPE_CHECKING:
    from everfit.spec import ModelSpec


def recall_dag(spec: ModelSpec) -> DAG:
    """Mark a batch bad, go back if need be, ask for a new model, and say so if a champion that knows it must serve."""
    form = {
        "partition": Param(
            type="string",
            pattern=PARTITION,
            title="Batch",
            description_md="The partition that is bad, such as 2013-05: see *Batches* on the page of everfit.",
        ),
        "version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Version",
            description_md="Only this version of the batch; empty for all of them.",
        ),
        "reason": reason("What is wrong with it."),
    }
    with DAG(
        schedule=None,
        params=form,
        max_active_runs=1,
        **shared(spec, "recall", "Takes a bad batch back, and every model that knows it.", _about(spec)),
    ) as dag:
        recalled = do.RecallBatchOperator(task_id="recall", model=spec)
        recalled >> do.CheckChampionOperator(task_id="champion_is_clean", model=spec)
    return dag


def _about(spec: ModelSpec) -> str:
    return f"""Marks an accepted batch bad. No version that learnt from it or was judged on it is promoted again. If the
champion is one of them, the newest champion before it that is not serves again, and *{spec.name}_train* makes a new
model without the batch.

If there is no such champion, the one that knows the batch goes on serving, and *champion_is_clean* fails until it does
not. A batch that is delivered anew with other bytes is checked and used like any other."""
