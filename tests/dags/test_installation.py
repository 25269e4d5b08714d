"""The DAGs that look after all models together, as Airflow sees them and as it runs them."""

from __future__ import annotations

import json
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.steps.stock import stock_in

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def bag():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(PROJECT / "dags" / "installation.py"))


def test_one_committer_is_woken_by_every_model_and_by_a_timer(bag):
    dag = bag.dags["everfit_pointers"]
    assert dag.max_active_runs == 1
    woken_by = dag.timetable.asset_condition
    assert type(woken_by).__name__ == "AssetAny"
    assert {asset.name for asset in woken_by.objects} == {"flight_delays_data", "flight_minutes_data"}
    assert dag.timetable.timetable.expression == "17 * * * *"


def test_housekeeping_looks_after_one_model_at_a_time_and_deletes_nothing_by_default(bag):
    dag = bag.dags["everfit_housekeeping"]
    assert (dag.max_active_runs, dag.max_active_tasks) == (1, 1)
    assert set(dag.task_ids) == {"flight_delays", "flight_minutes"}
    assert dag.params["delete"] is False


@pytest.fixture
def place(tmp_path, monkeypatch, airflow_db):
    """Connections to folders of the test's own; no repository for pointers yet."""
    for name in ("store", "landing"):
        connection = {"conn_type": "fs", "extra": {"path": str(tmp_path / name)}}
        monkeypatch.setenv(f"AIRFLOW_CONN_EVERFIT_{name.upper()}", json.dumps(connection))
    for name in ("mlflow", "server"):
        monkeypatch.setenv(f"AIRFLOW_CONN_EVERFIT_{name.upper()}", "http://127.0.0.1:9")
    monkeypatch.setenv("EVERFIT_WORK", str(tmp_path / "work"))
    return tmp_path


def states(dag, **conf):
    run = dag.test(run_conf=conf or None)
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def test_pointers_are_published_if_there_is_somewhere_to(place, bag, monkeypatch):
    stock = stock_in(place)
    stock.accept("flight_delays", "2013-01", {"a.csv": b"1"})
    dag = bag.dags["everfit_pointers"]
    assert states(dag) == {"publish": "skipped"}
    connection = {"conn_type": "fs", "extra": {"path": str(place / "repository.git")}}
    monkeypatch.setenv("AIRFLOW_CONN_EVERFIT_POINTERS", json.dumps(connection))
    assert states(dag) == {"publish": "success"}
    command = ["git", "-C", str(place / "repository.git"), "ls-tree", "-r", "--name-only", "main"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "flight_delays/2013-01.dvc" in listed


def test_housekeeping_deletes_when_the_form_says_so(place, monkeypatch, tmp_path):
    from airflow.dag_processing.dagbag import DagBag

    from everfit.cli import main

    models = tmp_path / "models"
    models.mkdir()
    monkeypatch.setenv("EVERFIT_MODELS", str(models))
    monkeypatch.chdir(tmp_path)
    for name in ("kept", "cleaned"):
        assert main(["new", name]) == 0
    spec = models / "cleaned" / "model.yaml"
    spec.write_text(spec.read_text() + "\nkeep: {versions: 0, batches: 0, days: 7}\n")
    stock = stock_in(place)
    old = [stock.accept(name, f"20{n:02d}", {"a": b"%d" % n}) for name in ("kept", "cleaned") for n in range(10)]
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "ours.py").write_text(textwrap.dedent((PROJECT / "dags/installation.py").read_text()))
    bag = DagBag(str(tmp_path / "dags" / "ours.py"))
    assert not bag.import_errors
    dag = bag.dags["everfit_housekeeping"]
    objects = lambda: len(list((place / "store/dvc/files").rglob("*.dir")))  # noqa: E731
    before = objects()
    assert states(dag) == {"kept": "skipped", "cleaned": "success"}
    assert objects() == before
    assert states(dag, delete=True) == {"kept": "skipped", "cleaned": "success"}
    assert len(stock.view("cleaned").batches) < len(stock.view("kept").batches) == len(old) // 2
