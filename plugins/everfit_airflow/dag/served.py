"""`everfit_served`: answers logged requests again, and compares."""

from __future__ import annotations

from airflow.sdk import DAG

from everfit_airflow import operators as do
from everfit_airflow.dag._shared import by_clock, of_all

HOURLY = "25 * * * *"


def served_dag(models: list[str]) -> DAG:
    """One task per model; each reads the newest of what its champion answered."""
    said = "Answers logged requests again offline, and compares with what the model server said."
    with DAG(**of_all("served", said, ABOUT, "serving"), schedule=by_clock(HOURLY), max_active_tasks=1) as dag:
        for model in models:
            do.CheckServedOperator(task_id=model, model=model)
    return dag


ABOUT = """### The server and the model say the same

Takes the newest requests that each champion answered, as the server kept them, and answers them again with the version
in the registry. A task is red if an answer is another one: the server's feature code, libraries or files are not those
that the version was judged with.

*everfit served* does the same on the command line."""
