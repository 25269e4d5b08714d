"""`<model>_monitor`, run by `DAG.test()`: what it finds is in the ledger, and on the task's page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from everfit.ledger.entries import Monitored
from everfit.spec import MonitorSpec
from everfit.steps.monitor import monitor
from everfit_airflow.looking import sent_whole
from tests.services import shared_mlflow
from tests.steps.judging import House, build

pytestmark = pytest.mark.airflow

DAG = """
from everfit_airflow.dag.monitor import monitor_dag  # airflow finds the dag here
from everfit_airflow.looking import received_whole

dag = monitor_dag(received_whole({spec!r}))
"""


@pytest.fixture
def house(tmp_path: Path, connect) -> House:
    made = build(tmp_path, shared_mlflow().url)
    made.accept(1, 2, 3)
    made.crown(made.trained("one").register().version)
    connect(mlflow=shared_mlflow().url)
    return replace(made, spec=made.spec.model_copy(update={"monitor": MonitorSpec(of="batches", every="15 6 * * *")}))


@pytest.mark.usefixtures("airflow_db")
def test_it_looks_once_at_what_is_new(house: House, own_dag):
    name = house.spec.name
    dag = own_dag(DAG.format(spec=sent_whole(house.spec)), f"{name}_monitor")
    assert [asset.name for asset in dag.get_task("monitor").outlets] == [f"{name}_decayed"]
    assert "on average" in dag.doc_md
    (task,) = dag.test().get_task_instances()
    assert task.state == "skipped", "no batch has come since its own"
    house.accept(4)
    (task,) = dag.test().get_task_instances()
    assert task.state == "success"
    (look,) = house.ledger.view().of(Monitored)
    assert task.xcom_pull(task_ids="monitor")["entry"] == look.seq
    assert house.ports.store.exists(look.body.report)
    (task,) = dag.test().get_task_instances()
    assert task.state == "skipped", "nothing is new"
    house.accept(5)
    earlier_try = replace(house.ports, clock=lambda: datetime.now(UTC) + timedelta(hours=1))  # after the run began
    found = monitor(earlier_try, house.spec, print)
    (task,) = dag.test().get_task_instances()
    assert (task.state, task.xcom_pull(task_ids="monitor")["entry"]) == ("success", found.seq)
