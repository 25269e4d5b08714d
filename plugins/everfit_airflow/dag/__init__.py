"""From a model's spec to its DAGs.

`<model>_ingest` waits for batches and settles each; `<model>_train` makes and judges a candidate; `<model>_deploy` lets
it serve; `<model>_monitor` watches the champion; `<model>_rollback` goes back, and `<model>_rehearse` proves daily that
it could; `<model>_recall` takes a bad batch back; `<model>_override` promotes against the gates; `<model>_score`, where
the spec asks for it, scores whole batches. They wake each other up through assets and agree through the ledger.
`everfit_pointers`, `everfit_housekeeping` and `everfit_served` look after all models together.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_parsing_context

from everfit_airflow.dag._placing import place_tasks
from everfit_airflow.dag.deploy import deploy_dag
from everfit_airflow.dag.housekeeping import housekeeping_dag
from everfit_airflow.dag.ingest import ingest_dag
from everfit_airflow.dag.monitor import monitor_dag
from everfit_airflow.dag.override import override_dag
from everfit_airflow.dag.pointers import pointers_dag
from everfit_airflow.dag.recall import recall_dag
from everfit_airflow.dag.rehearse import rehearse_dag
from everfit_airflow.dag.rollback import rollback_dag
from everfit_airflow.dag.score import score_dag
from everfit_airflow.dag.served import served_dag
from everfit_airflow.dag.train import train_dag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.sdk import DAG

    from everfit.spec import ModelSpec


def build_dags(model: str | ModelSpec, notify: Sequence[Callable[[Any], Any]] = ()) -> dict[str, DAG]:
    """All DAGs of a model, by DAG id: put them into the globals of a file in `dags/`.

    :param model: the name of a folder in `include/models`, or a `ModelSpec` built in Python.
    :param notify: Airflow notifiers, or functions of a context, that tell a person when a task has failed for good; the
        message of the error is the context's `exception`.
    :raises everfit.errors.SpecError: the spec is wrong; Airflow shows the message, with file and line, as import error.
    """
    from everfit.spec import load_spec

    spec = load_spec(model) if isinstance(model, str) else model
    builders: dict[str, Callable[[ModelSpec], DAG]] = {
        f"{spec.name}_ingest": ingest_dag,
        f"{spec.name}_train": train_dag,
        f"{spec.name}_deploy": deploy_dag,
        f"{spec.name}_rollback": rollback_dag,
        f"{spec.name}_rehearse": rehearse_dag,
        f"{spec.name}_recall": recall_dag,
        f"{spec.name}_override": override_dag,
        f"{spec.name}_monitor": monitor_dag,
    }
    if spec.score is not None:
        builders[f"{spec.name}_score"] = partial(score_dag, score=spec.score)
    # In a worker only the DAG of the task at hand is wanted; building the others would be paid by every task.
    wanted = get_parsing_context().dag_id
    dags = {dag_id: build(spec) for dag_id, build in builders.items() if wanted in (None, dag_id)}
    place_tasks(dags.values(), spec)
    if notify:
        for task in (task for dag in dags.values() for task in dag.tasks):
            task.on_failure_callback = list(notify)
    return dags


def build_shared_dags() -> dict[str, DAG]:
    """The DAGs that an installation has once, for all models in `include/models`, by DAG id."""
    from everfit.spec import spec_names

    models = spec_names()
    builders: dict[str, Callable[[list[str]], DAG]] = {
        "everfit_pointers": pointers_dag,
        "everfit_housekeeping": housekeeping_dag,
        "everfit_served": served_dag,
    }
    wanted = get_parsing_context().dag_id
    return {dag_id: build(models) for dag_id, build in builders.items() if wanted in (None, dag_id)}
