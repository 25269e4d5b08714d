"""`<model>_rehearse`, run by `DAG.test()`: skipped, green, and red while going back would fail."""

from __future__ import annotations

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
def ports(tmp_path, connect) -> Ports:
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
    connect(mlflow=shared_mlflow().url, server=shared_model_server().url)
    return made


def state(run) -> str:
    (task,) = run.get_task_instances()
    return str(task.state)


@pytest.mark.usefixtures("airflow_db")
def test_a_rehearsal_is_green_red_and_skipped(ports, own_dag, tmp_path):
    dag = own_dag(DAG, "rehearsed_toy_rehearse")
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
