"""The operators in a person's own DAG, with a spec built in Python and no YAML, run by `DAG.test()`."""

import shutil
from pathlib import Path

import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import BatchAccepted, BatchQuarantined
from everfit.stores import open_store
from tools.land_flights import land

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.airflow

OWN_DAG = """
from pathlib import Path

from airflow.sdk import DAG, task_group

from everfit.spec import ModelSpec
from everfit_airflow.connections import Connections
from everfit_airflow.operators import CommitBatchOperator, ValidateBatchOperator
from everfit_airflow.sensors import NewBatchSensor

spec = ModelSpec(
    name="late", task="binary", label="late", time="time_hour", folder=Path(__file__).parent / "late",
    data={
        "landing": "flights",
        "look_for": 5,
        "tables": {
            "flights": {"file": "flights.parquet"},
            "weather": {"file": "weather.parquet"},
            "planes": {"file": "planes.csv"},
            "airports": {"file": "airports.csv"},
        },
    },
)
door = {"model": spec, "connections": Connections("team_store", "team_landing", "team_mlflow", "team_server")}

with DAG("my_own_dag", schedule=None) as dag:
    found = NewBatchSensor(task_id="look", **door)

    @task_group
    def each(arrival):
        looked = ValidateBatchOperator(task_id="validate", arrival=arrival, **door)
        CommitBatchOperator(task_id="commit", inspection=looked.output, **door)

    each.expand(arrival=found.output)
"""


@pytest.mark.usefixtures("airflow_db")
def test_ingest_in_an_own_dag_without_yaml(tmp_path, connect, own_dag):
    connect("team")
    shutil.copytree(PROJECT / "include/models/flight_delays", tmp_path / "dags/late")
    (tmp_path / "dags/.airflowignore").write_text("late/\n")
    land(tmp_path / "landing", ["2013-01", "2013-02"], 0.02)
    (tmp_path / "landing/flights/2013-02/weather.parquet").write_bytes(b"not a parquet file")
    run = own_dag(OWN_DAG, "my_own_dag").test()
    assert run.state == "success"
    view = Ledger("late", open_store(str(tmp_path / "store")), lambda: None).view()
    assert [entry.body.batch.partition for entry in view.of(BatchAccepted)] == ["2013-01"]
    assert [entry.body.partition for entry in view.of(BatchQuarantined)] == ["2013-02"]
