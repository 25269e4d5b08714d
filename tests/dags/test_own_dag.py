"""The operators in a person's own DAG, with a spec built in Python and no YAML, run by `DAG.test()`."""

import json
import shutil
import textwrap
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


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A DAG folder and Airflow connections of the test's own; services that the DAG does not need are not there."""
    for name in ("store", "landing"):
        connection = {"conn_type": "fs", "extra": {"path": str(tmp_path / name)}}
        monkeypatch.setenv(f"AIRFLOW_CONN_TEAM_{name.upper()}", json.dumps(connection))
    for name in ("mlflow", "server"):
        connection = {"conn_type": "http", "host": "127.0.0.1", "port": 9}
        monkeypatch.setenv(f"AIRFLOW_CONN_TEAM_{name.upper()}", json.dumps(connection))
    monkeypatch.setenv("EVERFIT_WORK", str(tmp_path / "work"))
    dags = tmp_path / "dags"
    bundle = {"classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": str(dags)}}
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([{"name": "own", **bundle}]))
    shutil.copytree(PROJECT / "include/models/flight_delays", dags / "late")
    (dags / ".airflowignore").write_text("late/\n")
    (dags / "own.py").write_text(textwrap.dedent(OWN_DAG))
    return tmp_path


@pytest.mark.usefixtures("airflow_db")
def test_ingest_in_an_own_dag_without_yaml(place):
    from airflow.dag_processing.dagbag import DagBag

    land(place / "landing", ["2013-01", "2013-02"], 0.02)
    (place / "landing/flights/2013-02/weather.parquet").write_bytes(b"not a parquet file")
    bag = DagBag(str(place / "dags"), bundle_path=place / "dags", bundle_name="own")
    assert bag.import_errors == {}
    run = bag.dags["my_own_dag"].test()
    assert run.state == "success"
    view = Ledger("late", open_store(str(place / "store")), lambda: None).view()
    assert [entry.body.batch.partition for entry in view.of(BatchAccepted)] == ["2013-01"]
    assert [entry.body.partition for entry in view.of(BatchQuarantined)] == ["2013-02"]
