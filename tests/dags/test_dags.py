"""The DAGs that the specs become, as Airflow's own DagBag sees them."""

import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("airflow")


@pytest.fixture(scope="module")
def bag():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(PROJECT / "dags"))


def test_every_dag_file_loads(bag):
    assert bag.import_errors == {}
    models = ("flight_delays", "flight_minutes")
    own = {f"{model}_{dag}" for model in models for dag in ("ingest", "train", "deploy", "rollback")}
    assert set(bag.dags) == own | {"everfit_pointers", "everfit_housekeeping"}


def test_ingest_waits_without_a_worker_and_settles_each_batch(bag):
    dag = bag.dags["flight_delays_ingest"]
    assert set(dag.task_ids) == {"wait_for_batch", "batch.validate", "batch.commit", "announce", "all_settled"}
    assert type(dag.timetable).__name__ == "ContinuousTimetable"
    assert dag.max_active_runs == 1
    assert dag.start_date, "without one, Airflow 3.3.2 never starts a second run of a continuous DAG"
    assert [asset.name for asset in dag.get_task("announce").outlets] == ["flight_delays_data"]


def test_training_starts_by_schedule_by_data_and_by_hand(bag):
    dag = bag.dags["flight_delays_train"]
    assert dag.timetable.timetable.expression == "0 5 * * 1"
    assert [asset.name for asset in dag.timetable.asset_condition.objects] == ["flight_delays_data"]
    assert set(dag.params) == {"batches", "until", "device", "force", "note"}
    train = dag.get_task("train")
    assert (train.pool, train.queue) == ("gpu", "gpu")
    assert [asset.name for asset in dag.get_task("register").outlets] == ["flight_delays_challenger"]
    order = ["resolve_snapshot", "build_features", "train", "evaluate", "judge", "register"]
    assert [task.task_id for task in dag.topological_sort()] == order


def test_deployment_follows_the_challenger_and_there_is_a_way_back(bag):
    deploy = bag.dags["flight_delays_deploy"]
    assert [asset.name for asset in deploy.timetable.asset_condition.objects] == ["flight_delays_challenger"]
    assert bag.dags["flight_delays_rollback"].params.get_param("reason").schema["minLength"] == 3


def test_tasks_are_tried_again_only_when_it_can_help(bag):
    from everfit.errors import BatchChanged, Corrupted, SpecError, Unreachable

    policy = bag.dags["flight_delays_train"].get_task("train").retry_policy
    decide = {kind: policy.evaluate(kind("x"), 1, 3).action.value for kind in (Unreachable, BatchChanged)}
    assert set(decide.values()) == {"retry"}
    assert {policy.evaluate(kind("x"), 1, 3).action.value for kind in (SpecError, Corrupted)} == {"fail"}
    assert policy.evaluate(RuntimeError("unforeseen"), 1, 3).action.value == "default"


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("task: binary", "taks: binary", ["taks", "did you mean 'task'"]),
        ("algorithm: xgboost", "algorithm: xgbost", ["xgbost", "did you mean 'xgboost'"]),
        ("- answers_sanely", "- answers_sanly", ["answers_sanly", "did you mean 'answers_sanely'"]),
        ("at_least: 3}", "at_least: 99}", ["at_least"]),
    ],
)
def test_a_typo_is_an_import_error_of_that_model_alone(tmp_path, monkeypatch, wrong, right, said):
    from airflow.dag_processing.dagbag import DagBag

    shutil.copytree(PROJECT / "include/models", tmp_path / "models")
    monkeypatch.setenv("EVERFIT_MODELS", str(tmp_path / "models"))
    file = tmp_path / "models/flight_delays/model.yaml"
    text = file.read_text()
    assert wrong in text
    file.write_text(text.replace(wrong, right))
    line = next(number for number, found in enumerate(file.read_text().splitlines(), 1) if right in found)
    bag = DagBag(str(PROJECT / "dags"))
    (error,) = bag.import_errors.values()
    assert f"model.yaml:{line}" in error
    for words in said:
        assert words in error
    own = {f"flight_minutes_{dag}" for dag in ("ingest", "train", "deploy", "rollback")}
    assert set(bag.dags) == own | {"everfit_pointers", "everfit_housekeeping"}
