"""`<model>_train`: snapshot, features, training, evaluation, gates, registration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, AssetAny, AssetOrTimeSchedule, chain

from everfit_airflow import operators as do
from everfit_airflow.assets import data_asset, decayed_asset, due_asset
from everfit_airflow.connections import Connections
from everfit_airflow.dag._shared import by_clock, in_pool, shared
from everfit_airflow.form import train_form
from everfit_airflow.looking import sent_whole

if TYPE_CHECKING:
    from everfit.spec import ModelSpec


def train_dag(spec: ModelSpec) -> DAG:
    """Snapshot, features, training, evaluation, gates, registration."""
    with DAG(
        schedule=_when_to_train(spec),
        params=train_form(spec),
        max_active_runs=1,  # two candidates at once would both be judged against a champion that one of them replaces
        **shared(
            spec, "train", "Trains a candidate on the newest data and judges it against the champion.", _about(spec)
        ),
    ) as dag:
        run = do.ResolveSnapshotOperator(task_id="resolve_snapshot", model=spec)
        features = do.BuildFeaturesOperator(task_id="build_features", model=spec, run=run.output)
        candidate = do.TrainModelOperator(
            task_id="train", model=spec, run=run.output, features=features.output, **in_pool(spec)
        )
        chain(features, *_turn(spec, run.output), *_search(spec, run.output, features.output), candidate)
        evaluation = do.EvaluateModelOperator(
            task_id="evaluate", model=spec, run=run.output, features=features.output, candidate=candidate.output
        )
        judgement = do.JudgeCandidateOperator(task_id="judge", model=spec, evaluation=evaluation.output)
        do.RegisterModelOperator(task_id="register", model=spec, judgement=judgement.output)
    return dag


def _turn(spec: ModelSpec, run: Any) -> list[Any]:
    """The task that waits in the line, where the spec asks for one."""
    if spec.train.pool.order != "gain":
        return []
    return [do.WaitForTurnOperator(task_id="wait_for_turn", model=spec, run=run)]


def _search(spec: ModelSpec, run: Any, features: Any) -> list[Any]:
    """As many tasks as may search at a time, and the one that chooses, where the spec asks for a search."""
    if spec.train.search is None:
        return []
    workers = do.SearchParametersOperator.partial(
        task_id="search", model=spec, run=run, features=features, **in_pool(spec)
    ).expand(worker=list(range(spec.train.search.parallel)))
    choose = do.ChooseParametersOperator(task_id="choose", model=spec, run=run)
    return [workers, choose]


def _when_to_train(spec: ModelSpec) -> Any:
    """On new data, once the champion decayed, at the times of the triggers, and when a run has come to be due: whether
    it starts is decided there."""
    assets = [data_asset(spec.name)] * spec.retrain.on_new_data + [decayed_asset(spec.name)] * spec.retrain.on_decay
    if spec.retrain.waits:
        from everfit_airflow.triggers.due import DueTrigger

        watch = DueTrigger(spec=sent_whole(spec), connections=Connections().to_dict())
        assets.append(due_asset(spec.name, watch))
    some = AssetAny(*assets) if assets else None
    if not spec.retrain.crons:
        return some
    timetable = by_clock(*spec.retrain.crons)
    return AssetOrTimeSchedule(timetable=timetable, assets=some) if some else timetable


def _about(spec: ModelSpec) -> str:
    from everfit.catalog import name_of

    gates = "\n".join(f"* **{name_of(type(gate))}**" for gate in spec.gates) or "* none: nothing is promoted"
    window = spec.window
    gap = f" (the {window.gap} before are for neither)" if window.gap else ""
    return f"""Trains a candidate on {window.words} that were accepted, and judges it on the last
{window.holdout} of them{gap}, which it has not learned from. It becomes the challenger only if every gate passes:

{gates}

A candidate that is kept back is a result, not a failure: *judge* succeeds, *register* is skipped. *Report* and
*MLflow run* are on the *Details* tab of *judge*."""
