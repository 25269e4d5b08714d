"""From a model's spec to its DAGs.

`<model>_ingest` waits for batches and settles each; `<model>_train` makes and judges a candidate; `<model>_deploy` lets
it serve; `<model>_rollback` goes back. They wake each other up through assets and agree through the ledger.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param, get_parsing_context, task_group

from everfit_airflow import operators as do
from everfit_airflow.assets import challenger_asset, data_asset
from everfit_airflow.docs import docs
from everfit_airflow.form import train_form
from everfit_airflow.retries import DEFAULTS
from everfit_airflow.sensors.new_batch import NewBatchSensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from everfit.spec import ModelSpec

GPU = "gpu"
"""Pool and queue of the task that trains; both are made from `airflow_settings.yaml`."""

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
"""Any moment in the past, always the same. A continuous DAG without one gives its first run an interval of no length,
and Airflow 3.3.2 then takes the second run for the first and never starts it."""

CONSECUTIVE_FAILURES = 10
"""An ingest DAG that fails so often in a row is paused by Airflow instead of trying for ever."""


def build_dags(model: str | ModelSpec) -> dict[str, DAG]:
    """All DAGs of a model, by DAG id: put them into the globals of a file in `dags/`.

    :param model: the name of a folder in `include/models`, or a `ModelSpec` built in Python.
    :raises everfit.errors.SpecError: the spec is wrong; Airflow shows the message, with file and line, as import error.
    """
    from everfit.spec import load_spec

    spec = load_spec(model) if isinstance(model, str) else model
    builders: dict[str, Callable[[ModelSpec], DAG]] = {
        f"{spec.name}_ingest": ingest_dag,
        f"{spec.name}_train": train_dag,
        f"{spec.name}_deploy": deploy_dag,
        f"{spec.name}_rollback": rollback_dag,
    }
    # In a worker only the DAG of the task at hand is wanted; building the others would be paid by every task.
    wanted = get_parsing_context().dag_id
    return {dag_id: build(spec) for dag_id, build in builders.items() if wanted in (None, dag_id)}


def ingest_dag(spec: ModelSpec) -> DAG:
    """Notice batches; validate, then commit or quarantine each; announce what is new."""
    with DAG(
        schedule="@continuous",
        start_date=BEGINNING,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=CONSECUTIVE_FAILURES,
        **_shared(spec, "ingest", "Waits for data and settles every batch: accepted, quarantined or duplicate."),
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


def train_dag(spec: ModelSpec) -> DAG:
    """Snapshot, features, training, evaluation, gates, registration."""
    with DAG(
        schedule=_when_to_train(spec),
        params=train_form(spec),
        max_active_runs=1,  # two candidates at once would both be judged against a champion that one of them replaces
        **_shared(spec, "train", "Trains a candidate on the newest data and judges it against the champion."),
    ) as dag:
        run = do.ResolveSnapshotOperator(task_id="resolve_snapshot", model=spec)
        features = do.BuildFeaturesOperator(task_id="build_features", model=spec, run=run.output)
        candidate = do.TrainModelOperator(
            task_id="train", model=spec, run=run.output, features=features.output, pool=GPU, queue=_queue(spec)
        )
        evaluation = do.EvaluateModelOperator(
            task_id="evaluate", model=spec, run=run.output, features=features.output, candidate=candidate.output
        )
        judgement = do.JudgeCandidateOperator(task_id="judge", model=spec, evaluation=evaluation.output)
        do.RegisterModelOperator(task_id="register", model=spec, judgement=judgement.output)
    return dag


def deploy_dag(spec: ModelSpec) -> DAG:
    """Put a version on the model server and make it the champion."""
    form = {
        "version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Version",
            description_md="Which registered version to deploy; empty for the newest challenger.",
        )
    }
    with DAG(
        schedule=[challenger_asset(spec.name)],
        params=form,
        max_active_runs=1,
        **_shared(spec, "deploy", "Loads the challenger on the model server, checks its answers, and lets it serve."),
    ) as dag:
        do.DeployModelOperator(task_id="deploy", model=spec)
    return dag


def rollback_dag(spec: ModelSpec) -> DAG:
    """Go back to the champion before this one: one click and a reason."""
    form = {
        "reason": Param(
            type="string",
            minLength=3,
            maxLength=2_000,
            title="Reason",
            description_md="Why the champion has to go. Kept in the ledger for good.",
            format="multiline",
        )
    }
    with DAG(
        schedule=None,
        params=form,
        max_active_runs=1,
        **_shared(spec, "rollback", "Makes the previous champion the champion again."),
    ) as dag:
        do.RollBackOperator(task_id="roll_back", model=spec)
    return dag


def _shared(spec: ModelSpec, what: str, description: str) -> dict[str, Any]:
    return {
        "dag_id": f"{spec.name}_{what}",
        "description": description,
        "doc_md": docs(spec, what),
        "tags": ["everfit", spec.name, what],
        "catchup": False,
        "default_args": DEFAULTS | {"owner": spec.owner},
    }


def _when_to_train(spec: ModelSpec) -> Any:
    schedule = spec.schedule
    new_data = [data_asset(spec.name)] if schedule.on_new_data else None
    if schedule.cron is None:
        return new_data
    timetable = CronTriggerTimetable(schedule.cron, timezone="UTC", run_immediately=False)
    return AssetOrTimeSchedule(timetable=timetable, assets=new_data) if new_data else timetable


def _queue(spec: ModelSpec) -> str:
    return "default" if spec.train.device == "cpu" else GPU
