"""`everfit_housekeeping`: frees the space of what no living model needs."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from everfit_airflow import operators as do
from everfit_airflow.dag._shared import by_clock, of_all

WEEKLY = "40 3 * * 0"


def housekeeping_dag(models: list[str]) -> DAG:
    """One task per model, one after the other: what one of them keeps must be known when the next deletes."""
    form = {
        "delete": Param(
            False,
            type="boolean",
            title="Delete",
            description_md="Really delete. Else only models whose spec says *keep: {delete: true}* do; the others say "
            "what would go.",
        )
    }
    said = "Deletes, or only lists, data that no living model needs."
    with DAG(**of_all("housekeeping", said, ABOUT), schedule=by_clock(WEEKLY), params=form, max_active_tasks=1) as dag:
        for model in models:
            do.FreeSpaceOperator(task_id=model, model=model)
    return dag


ABOUT = """### Room on the disk

Looks for data that no living version, no run and no rule of the specs' *keep* asks for, and deletes it, or only says
what would go: without *keep* nothing of a model ever goes, and without *delete*, here or in *keep*, it is only listed.

The decisions (the ledgers) are kept for good. *everfit housekeeping* shows the same on the command line."""
