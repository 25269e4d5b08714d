"""A model whose spec asks for a search, trained by real Airflow: workers, the choice, the candidate."""

import pytest

from everfit.ledger.entries import CandidateJudged
from everfit.steps.choose import chosen
from tests.services import mlflow_server
from tests.workshop import open_workshop
from tools.land_flights import land

pytestmark = pytest.mark.airflow

SEARCHING_DAG = """
from airflow.sdk import DAG

from everfit.spec import load_spec
from everfit.spec.training import TrainSpec
from everfit_airflow import build_dags

spec = load_spec("flight_delays")
search = {"budget": {"trials": 6}, "parallel": 2, "space": {"max_depth": {"between": [2, 6]}}}
train = TrainSpec.model_validate({"params": {"rounds": 20}, "device": "cpu", "search": search})
globals().update(build_dags(spec.model_copy(update={"train": train, "gates": spec.gates[:1]})))
"""


@pytest.fixture
def place(tmp_path, connect):
    """Three accepted months, MLflow, and no server."""
    with mlflow_server(tmp_path / "mlflow") as mlflow:
        connect(store=tmp_path / "workshop/store", mlflow=mlflow.url)
        yield tmp_path


@pytest.mark.usefixtures("airflow_db")
def test_two_workers_search_and_the_candidate_is_trained_with_what_they_found(place, own_dag):
    workshop = open_workshop(place / "workshop", land(place / "landing", ["2013-01", "2013-02", "2013-03"], 0.02))
    dag = own_dag(SEARCHING_DAG, "flight_delays_train")
    order = ["resolve_snapshot", "build_features", "search", "choose", "train", "evaluate", "judge", "register"]
    assert [task.task_id for task in dag.topological_sort()] == order
    assert (dag.get_task("search").pool, dag.get_task("search").queue) == ("default_pool", "default")
    run = dag.test()
    assert run.state == "success"
    (judged,) = workshop.ledger.view().of(CandidateJudged)
    found = chosen(workshop.ports, "flight_delays", judged.body.run)
    assert found is not None
    assert found.trials == 6
    assert set(found.params) == {"max_depth", "rounds"}
