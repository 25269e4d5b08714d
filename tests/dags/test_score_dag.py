"""`<model>_score`: when it runs, and a real run of it by `DAG.test()` on deliveries that are only to be scored."""

from __future__ import annotations

from uuid import uuid4

import pytest

from everfit.ledger.entries import BatchScored, ScoringRefused
from everfit.spec import ScoreSpec, load_spec
from tests.services import shared_mlflow
from tests.steps.scoring import furnished, house_in, trips

pytestmark = pytest.mark.airflow

DAG = """
from pathlib import Path

from everfit.spec import ModelSpec, ScoreSpec
from everfit_airflow.dag.score import score_dag  # airflow finds the dag here

score = ScoreSpec(of="landing", folder="to_score", key=["number", "plane"], unknown={{"trips": ["late"]}})
spec = ModelSpec(
    name="{name}", task="binary", label="late", time="leaves", score=score, folder=Path("{folder}"),
    data={{
        "landing": "trips", "tables": {{"trips": {{"file": "trips.parquet"}}, "carriers": {{"file": "carriers.csv"}}}}
    }},
)
dag = score_dag(spec, score)
"""


def dag_of(**said):
    from everfit_airflow import build_dags

    spec = load_spec("flight_delays").model_copy(update={"score": ScoreSpec(**said) if said else None})
    return build_dags(spec).get("flight_delays_score")


def test_only_who_asks_for_it_gets_the_dag():
    assert dag_of() is None


def test_accepted_batches_wake_it_up():
    dag = dag_of(of="batches")
    assert [asset.name for asset in dag.schedule] == ["flight_delays_data"]
    assert set(dag.task_ids) == {"find_unscored", "batch.score"}
    assert set(dag.params) == {"partition"}
    assert dag.max_active_runs == 1
    both = dag_of(of="batches", cron="0 6 * * *")
    assert both.timetable.timetable.expression == "0 6 * * *"
    assert [asset.name for asset in both.timetable.asset_condition.objects] == ["flight_delays_data"]


def test_a_landing_folder_is_looked_at_by_the_clock():
    assert dag_of(of="landing", folder="to_score").timetable.expression == "*/15 * * * *"
    dag = dag_of(of="landing", folder="to_score", cron="0 6 * * *")
    assert dag.timetable.expression == "0 6 * * *"
    assert [asset.name for asset in dag.get_task("batch.score").outlets] == ["flight_delays_scores"]


def test_airflow_keeps_it():
    from airflow.serialization.serialized_objects import DagSerialization

    kept = DagSerialization.to_dict(dag_of(of="landing", folder="to_score"))["dag"]
    assert kept["dag_id"] == "flight_delays_score"
    assert "flight_delays_scores" in str(kept["tasks"])


@pytest.fixture
def house(tmp_path, connect):
    """Two versions, the first one the champion; June in order and July not."""
    house = furnished(house_in(tmp_path, f"scored_{uuid4().hex[:8]}"))
    june = trips(6).drop(columns="late")
    house.land("2013-06", june)
    house.land("2013-07", june.assign(hour=june["hour"] + 20))
    connect(mlflow=shared_mlflow().url)
    return house


@pytest.mark.usefixtures("airflow_db")
def test_all_that_waits_is_scored_and_a_bad_delivery_is_no_failure(house, own_dag):
    dag = own_dag(DAG.format(name=house.spec.name, folder=house.spec.folder), f"{house.spec.name}_score")
    run = dag.test()
    assert run.state == "success"
    view = house.ledger.view()
    ((scored),) = view.of(BatchScored)
    assert house.frame(scored.body.file)["score"].tolist() == house.offline(1, trips(6))
    assert [entry.body.partition for entry in view.of(ScoringRefused)] == ["2013-07"]
    assert [event.extra for event in events(f"{house.spec.name}_scores")] == [
        {
            "partition": "2013-06",
            "entry": scored.seq,
            "verdict": "scored",
            "file": scored.body.file.key,
            "sha256": scored.body.file.sha256,
            "version": 1,
        }
    ]
    states = {ti.task_id: ti.state for ti in dag.test().get_task_instances()}
    assert states == {"find_unscored": "skipped", "batch.score": "skipped"}
    house.promote(2)
    assert dag.test(run_conf={"partition": "2013-06"}).state == "success"
    assert [entry.body.version for entry in house.ledger.view().of(BatchScored)] == [1, 2]


def events(asset):
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = select(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        return session.scalars(found.where(AssetModel.name == asset).order_by(AssetEvent.id)).all()
