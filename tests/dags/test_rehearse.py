"""`<model>_rehearse`, run by `DAG.test()`: skipped, green, and red while going back would fail."""

from __future__ import annotations

import json
import textwrap
from datetime import UTC, datetime
from typing import Any

import pytest

from bench.rollback import two_champions
from everfit.ledger.entries import RollbackRehearsed
from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import load_spec
from everfit.steps.deploy import roll_back
from everfit.stores import LocalStore
from everfit.targets.everfit_server import EverfitServer
from tests.services import shared_mlflow, shared_model_server

pytestmark = pytest.mark.airflow

DAG = """
from everfit.spec import load_spec
from everfit_airflow.dag.rehearse import rehearse_dag  # airflow finds the dag here

dag = rehearse_dag(load_spec("flight_delays").model_copy(update={"name": "rehearsed_toy"}))
"""


@pytest.fixture
def ports(tmp_path, monkeypatch) -> Ports:
    """Two champions, one after the other, and the connections that lead to them."""
    nothing: Any = None
    made = Ports(
        *(LocalStore(tmp_path / "store"), nothing, nothing),
        registry=MlflowRegistry(shared_mlflow().url, tmp_path / "work"),
        target=EverfitServer(shared_model_server().url),
        clock=lambda: datetime.now(UTC),
        work=tmp_path / "work",
    )
    two_champions(made, load_spec("flight_delays").model_copy(update={"name": "rehearsed_toy"}), tmp_path)
    for name, address in {"mlflow": shared_mlflow().url, "server": shared_model_server().url}.items():
        host, _, port = address.removeprefix("http://").partition(":")
        connection = {"conn_type": "http", "host": host, "port": int(port)}
        monkeypatch.setenv(f"AIRFLOW_CONN_EVERFIT_{name.upper()}", json.dumps(connection))
    for name in ("store", "landing"):
        connection = {"conn_type": "fs", "extra": {"path": str(tmp_path / name)}}
        monkeypatch.setenv(f"AIRFLOW_CONN_EVERFIT_{name.upper()}", json.dumps(connection))
    monkeypatch.setenv("EVERFIT_WORK", str(tmp_path / "airflow-work"))
    return made


@pytest.fixture
def dag(tmp_path, monkeypatch):
    from airflow.dag_processing.dagbag import DagBag

    dags = tmp_path / "dags"
    dags.mkdir()
    bundle = {"classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": str(dags)}}
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([{"name": "own", **bundle}]))
    (dags / "own.py").write_text(textwrap.dedent(DAG))
    bag = DagBag(str(dags), bundle_path=dags, bundle_name="own")
    assert bag.import_errors == {}
    return bag.dags["rehearsed_toy_rehearse"]


def state(run) -> str:
    (task,) = run.get_task_instances()
    return str(task.state)


@pytest.mark.usefixtures("airflow_db")
def test_a_rehearsal_is_green_red_and_skipped(ports, dag, tmp_path):
    spec = load_spec("flight_delays").model_copy(update={"name": "rehearsed_toy"})
    assert state(dag.test()) == "success"
    ours = (tmp_path / "toy-1" / "model" / "model.ubj").read_bytes()
    kept = [one for one in (shared_mlflow().log.parent / "artifacts").rglob("model.ubj") if one.read_bytes() == ours]
    for path in kept:
        path.write_bytes(b"")
    assert state(dag.test()) == "failed"
    for path in kept:
        path.write_bytes(ours)
    found = [entry.body for entry in ports.ledger(spec.name).view().of(RollbackRehearsed)]
    assert [(body.version, body.ok) for body in found] == [(1, True), (1, False)]
    assert "model.ubj" in found[1].reason
    roll_back(ports, spec, "people complain", "ann", "back")
    assert state(dag.test()) == "skipped"
