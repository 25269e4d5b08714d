"""The DAGs that the specs become, as Airflow's own DagBag sees them."""

import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DAGS = ("ingest", "train", "deploy", "monitor", "rollback", "rehearse", "recall", "override")
SHARED = {"everfit_pointers", "everfit_housekeeping", "everfit_served", "everfit_alerts"}


@pytest.fixture(scope="module")
def bag():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(PROJECT / "dags"))


def test_every_dag_file_loads(bag):
    assert bag.import_errors == {}
    models = ("flight_delays", "flight_minutes")
    assert set(bag.dags) == {f"{model}_{dag}" for model in models for dag in DAGS} | SHARED


def test_no_dag_makes_up_for_the_past_or_decides_twice_at_once(bag):
    """However many intervals have passed, nobody starts runs for them; and of what decides, one run at a time."""
    assert {name for name, dag in bag.dags.items() if dag.catchup} == set()
    assert {name for name, dag in bag.dags.items() if dag.max_active_runs != 1} == set()


def test_going_back_is_rehearsed_daily_and_the_spec_says_when(bag):
    from everfit.spec import load_spec
    from everfit_airflow import build_dags

    assert bag.dags["flight_delays_rehearse"].timetable.expression == "10 4 * * *"
    spec = load_spec("flight_delays")
    by_hand = spec.model_copy(update={"schedule": spec.schedule.model_copy(update={"rehearse": None})})
    dag = build_dags(by_hand)["flight_delays_rehearse"]
    assert dag.task_ids == ["rehearse"]
    assert type(dag.timetable).__name__ == "NullTimetable"


def test_ingest_waits_without_a_worker_and_settles_each_batch(bag):
    dag = bag.dags["flight_delays_ingest"]
    assert set(dag.task_ids) == {"wait_for_batch", "batch.validate", "batch.commit", "announce", "all_settled"}
    assert type(dag.timetable).__name__ == "ContinuousTimetable"
    assert dag.max_active_runs == 1
    assert dag.start_date, "without one, Airflow 3.3.2 never starts a second run of a continuous DAG"
    assert [asset.name for asset in dag.get_task("announce").outlets] == ["flight_delays_data"]


def ingest(notify=(), **data):
    """The ingest DAG of flight_delays with another way of arriving, as Airflow keeps it."""
    from airflow.serialization.serialized_objects import DagSerialization

    from everfit.spec import DataSpec, load_spec
    from everfit_airflow import build_dags

    spec = load_spec("flight_delays")
    changed = DataSpec.model_validate(spec.data.model_dump() | {"rules": spec.data.rules} | data)
    dag = build_dags(spec.model_copy(update={"data": changed}), notify=notify)["flight_delays_ingest"]
    return dag, DagSerialization.to_dict(dag)["dag"]


@pytest.mark.parametrize(
    ("wake", "trigger"),
    [
        ({"by": "watch", "sweep": "*/5 * * * *"}, "everfit_airflow.triggers.landing.LandingTrigger"),
        (
            {"by": "queue", "queue": "http://127.0.0.1:1/1/q", "sweep": "*/5 * * * *"},
            "everfit_airflow.triggers.message_queue.QueueTrigger",
        ),
    ],
)
def test_ingest_is_woken_by_events_and_by_a_sweep_and_then_does_not_wait(wake, trigger):
    dag, kept = ingest(wake=wake)
    assert set(dag.task_ids) == {"find_batches", "batch.validate", "batch.commit", "announce", "all_settled"}
    assert dag.timetable.timetable.expression == "*/5 * * * *"
    (asset,) = dag.timetable.asset_condition.objects
    (watcher,) = asset.watchers
    assert (asset.name, watcher.name) == ("flight_delays_landing", "flight_delays_landing")
    assert trigger in str(kept["timetable"])
    assert dag.max_active_runs == 1


def test_each_accepted_batch_is_an_event_of_its_own_asset(bag):
    commit = bag.dags["flight_delays_ingest"].get_task("batch.commit")
    assert [asset.name for asset in commit.outlets] == ["flight_delays_batch"]


def test_only_who_sets_a_deadline_gets_the_task_that_tells_of_late_deliveries():
    dag, _ = ingest(counts_when={"rows": 10, "within": 3600.0})
    late = dag.get_task("tell_late")
    assert (late.upstream_task_ids, late.downstream_task_ids) == ({"wait_for_batch"}, set())
    assert late.trigger_rule == "all_done"
    assert "tell_late" not in ingest(counts_when={"rows": 10})[0].task_ids


def test_notifiers_are_told_by_every_task():
    def tell(context):
        """Whoever it is."""

    dag, kept = ingest(notify=[tell])
    assert all(task.on_failure_callback == [tell] for task in dag.tasks)
    assert all(task["__var"]["has_on_failure_callback"] for task in kept["tasks"])
    assert not any(task["__var"].get("has_on_failure_callback") for task in ingest()[1]["tasks"])


ASSETS = ["flight_delays_data", "flight_delays_due"]


def test_training_starts_by_schedule_by_data_and_by_hand(bag):
    dag = bag.dags["flight_delays_train"]
    assert dag.timetable.timetable.expression == "0 5 * * 1"
    assert [asset.name for asset in dag.timetable.asset_condition.objects] == [
        "flight_delays_data",
        "flight_delays_due",
    ]
    assert set(dag.params) == {"batches", "until", "device", "force", "note"}
    train = dag.get_task("train")
    assert (train.pool, train.queue) == ("gpu", "gpu")
    assert [asset.name for asset in dag.get_task("register").outlets] == ["flight_delays_challenger"]
    order = ["resolve_snapshot", "build_features", "train", "evaluate", "judge", "register"]
    assert [task.task_id for task in dag.topological_sort()] == order


@pytest.mark.parametrize(
    ("retrain", "crons", "assets"),
    [
        ({}, [], ASSETS),
        ({"when": []}, [], ["flight_delays_due"]),
        ({"when": ["new_data"], "cooldown": "6h"}, [], ASSETS),
        ({"when": [{"schedule": {"cron": "0 0 * * *"}}]}, ["0 0 * * *"], ["flight_delays_due"]),
        ({"when": ["decay"]}, [], ["flight_delays_decayed", "flight_delays_due"]),
        ({"when": ["changed", {"schedule": {"cron": "0 0 * * *"}}]}, ["0 0 * * *"], ["flight_delays_due"]),
        (
            {"when": [{"schedule": {"cron": "0 5 * * 1"}}, {"schedule": {"cron": "0 5 1 * *"}}]},
            ["0 5 * * 1", "0 5 1 * *"],
            ["flight_delays_due"],
        ),
    ],
)
def test_what_wakes_a_training(retrain, crons, assets):
    from airflow.sdk import AssetOrTimeSchedule
    from airflow.sdk.definitions.timetables.assets import AssetTriggeredTimetable

    from everfit.spec import RetrainSpec, load_spec
    from everfit_airflow import build_dags

    spec = load_spec("flight_delays").model_copy(update={"retrain": RetrainSpec(**retrain)})
    timetable = build_dags(spec)["flight_delays_train"].timetable
    found = timetable.asset_condition.objects if isinstance(timetable, AssetTriggeredTimetable) else []
    assert [asset.name for asset in found] == assets
    clock = timetable.timetable if isinstance(timetable, AssetOrTimeSchedule) else timetable
    single = [clock.expression] if hasattr(clock, "expression") else []
    assert [*single, *(one.expression for one in getattr(clock, "timetables", []))] == crons


def test_the_budget_of_a_model_reaches_every_task_that_trains(bag):
    """A line only for who asks for it: without, the DAG has no task more than it had."""
    from everfit.spec import PoolSpec, load_spec
    from everfit_airflow import build_dags

    spec = load_spec("flight_delays")
    pool = PoolSpec(name="cards", slots=2, max_active=3, order="gain")
    changed = spec.model_copy(update={"train": spec.train.model_copy(update={"pool": pool})})
    dag = build_dags(changed)["flight_delays_train"]
    train = dag.get_task("train")
    assert (train.pool, train.pool_slots, train.max_active_tis_per_dag) == ("cards", 2, 3)
    assert "absolute" in str(train.weight_rule).lower()
    assert dag.get_task("wait_for_turn").upstream_task_ids == {"resolve_snapshot", "build_features"}
    assert dag.get_task("wait_for_turn").downstream_task_ids == {"train"}
    assert dag.get_task("wait_for_turn").pool == "default_pool"
    usual = bag.dags["flight_delays_train"]
    assert "wait_for_turn" not in usual.task_ids
    assert usual.get_task("train").max_active_tis_per_dag == 1


def test_deployment_follows_the_challenger_and_there_is_a_way_back(bag):
    deploy = bag.dags["flight_delays_deploy"]
    assert [asset.name for asset in deploy.timetable.asset_condition.objects] == ["flight_delays_challenger"]
    assert bag.dags["flight_delays_rollback"].params.get_param("reason").schema["minLength"] == 3


@pytest.mark.parametrize(
    ("terms", "order"),
    [
        (None, ["deploy"]),
        ({}, ["approve", "deploy"]),
        ({"four_eyes": True, "within": "24h"}, ["approve", "approve_too", "deploy"]),
    ],
)
def test_people_are_asked_before_a_deployment_where_the_spec_wants_it(terms, order):
    from airflow.serialization.serialized_objects import DagSerialization

    from everfit.spec import ApprovalSpec, PromotionSpec, load_spec
    from everfit_airflow import build_dags

    promotion = PromotionSpec(approval=None if terms is None else ApprovalSpec(**terms))
    dag = build_dags(load_spec("flight_delays").model_copy(update={"promotion": promotion}))["flight_delays_deploy"]
    assert [task.task_id for task in dag.topological_sort()] == order
    assert DagSerialization.to_dict(dag)["dag"]["dag_id"] == "flight_delays_deploy"
    assert set(dag.params) == {"version"}
    assert all(dict(dag.get_task(task).params) == {"reason": None} for task in order[:-1])


def test_gates_are_overridden_for_a_reason_and_deployment_wakes_up(bag):
    dag = bag.dags["flight_delays_override"]
    assert dag.params.get_param("reason").schema["minLength"] == 3
    assert dag.params.get_param("run").schema["minLength"] == 1
    assert [asset.name for asset in dag.get_task("override").outlets] == ["flight_delays_challenger"]


def test_a_batch_can_be_taken_back_and_training_wakes_up(bag):
    recall = bag.dags["flight_delays_recall"]
    assert {name: recall.params.get_param(name).schema["type"] for name in recall.params} == {
        "partition": "string",
        "version": ["null", "integer"],
        "reason": "string",
    }
    assert [asset.name for asset in recall.get_task("recall").outlets] == ["flight_delays_data"]
    assert [task.task_id for task in recall.topological_sort()] == ["recall", "champion_is_clean"]


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
    assert set(bag.dags) == {f"flight_minutes_{dag}" for dag in DAGS} | SHARED


@pytest.mark.parametrize(
    ("monitor", "assets"),
    [
        ({}, ["flight_delays_labels"]),
        ({"of": "batches"}, ["flight_delays_data"]),
        ({"key": ["tailnum"]}, ["flight_delays_data", "flight_delays_labels"]),
    ],
)
def test_the_monitor_looks_by_the_clock_and_when_there_is_something_new(monitor, assets):
    from everfit.spec import MonitorSpec, load_spec
    from everfit_airflow import build_dags

    spec = load_spec("flight_delays").model_copy(update={"monitor": MonitorSpec(**monitor)})
    timetable = build_dags(spec)["flight_delays_monitor"].timetable
    assert timetable.timetable.expression == "0 0 * * *"
    some = getattr(timetable.asset_condition, "objects", [timetable.asset_condition])
    assert sorted(asset.name for asset in some) == assets
