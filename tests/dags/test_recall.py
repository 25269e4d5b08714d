"""`<model>_recall`, run by `DAG.test()`: green, and red while a champion that knows the batch has to serve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import BatchRecalled, RetrainAsked
from everfit.stores import LocalStore
from everfit.testing.fakes import TickingClock
from tests.ledger.bodies import accepted, judged, promoted, registered, triggered
from tests.services import shared_mlflow, shared_model_server
from tests.toy_model import publish, toy_folder

pytestmark = pytest.mark.airflow

DAG = """
from everfit.spec import load_spec
from everfit_airflow.dag.recall import recall_dag  # airflow finds the dag here

dag = recall_dag(load_spec("flight_delays").model_copy(update={"name": "recalled_toy"}))
"""


@pytest.fixture
def ledger(tmp_path, connect):
    """Two champions, the first one of January, the second one of January and February; March nobody knows."""
    from everfit.registry import MlflowRegistry

    registry = MlflowRegistry(shared_mlflow().url, tmp_path / "models")
    ledger = Ledger("recalled_toy", LocalStore(tmp_path / "store"), TickingClock())
    months = [accepted(f"2013-0{month}", f"s{month}") for month in (1, 2, 3)]
    for body in months:
        ledger.append(f"arrival:{body.batch.partition}", body)
    for version, known in ((1, months[:1]), (2, months[:2])):
        made = publish(
            registry, toy_folder(tmp_path / f"toy-{version}", version, "recalled_toy"), "recalled_toy", f"r{version}"
        )
        ledger.append(f"run:{version}", replace(triggered(f"r{version}"), batches=tuple(b.batch for b in known)))
        entry = ledger.append(f"judged:{version}", judged(f"r{version}"))
        ledger.append(f"registered:{version}", replace(registered(version, entry.seq), version=made))
        ledger.append(f"promoted:{version}", promoted(version, version - 1 or None))
    connect(mlflow=shared_mlflow().url, server=shared_model_server().url)
    return ledger


@pytest.mark.usefixtures("airflow_db")
def test_a_batch_is_recalled_from_the_form(ledger, own_dag):
    dag = own_dag(DAG, "recalled_toy_recall")
    run = dag.test(run_conf={"partition": "2013-02", "reason": "the clocks were wrong"})
    assert run.state == "success"
    view = ledger.view()
    (recalled,) = view.of(BatchRecalled)
    assert recalled.body == BatchRecalled("2013-02", (2,), (2,), "the clocks were wrong", recalled.body.by)
    assert (view.champion, view.previous) == (1, None)
    assert len(view.of(RetrainAsked)) == 1
    run = dag.test(run_conf={"partition": "2013-01", "reason": "that one, too"})
    states = {ti.task_id: ti.state for ti in run.get_task_instances()}
    assert (states["recall"], run.state) == ("success", "failed")
    assert ledger.view().champion == 1, "an outage may be worse"
