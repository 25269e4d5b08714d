"""In real Airflow: the process of a training task is killed, and its retry goes on to the same bytes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import yaml

from everfit.ledger import Ledger
from everfit.stores import open_store
from everfit.values import FileHash
from tests.e2e.waiting import until
from tests.faults.killing import at_work
from tools.land_flights import land
from tools.local.stack import Stack, down, up

MODEL = "flight_delays"
TRAIN = f"{MODEL}_train"
MODELS = Path(__file__).parents[2] / "include" / "models"
MONTHS = ("2013-01", "2013-02", "2013-03")
# Long enough for a first checkpoint: every round of DART looks at all trees before it.
PARAMS = {
    "rounds": 120,
    "max_depth": 5,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "extra": {"booster": "dart", "rate_drop": 0.02, "skip_drop": 0.2},
}
CONFIG = """
[dag_processor]
dag_bundle_config_list = [{{"name": "killed", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
  "kwargs": {{"path": "{dags}"}}}}]
[scheduler]
task_instance_heartbeat_timeout = 30
task_instance_heartbeat_timeout_detection_interval = 5
"""
DAG = f"""from everfit_airflow import build_dags  # an Airflow DAG file

globals().update({{name: dag for name, dag in build_dags("{MODEL}").items() if name.endswith(("_ingest", "_train"))}})
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    models = tmp_path / "models"
    shutil.copytree(MODELS / MODEL, models / MODEL)
    spec = yaml.safe_load((models / MODEL / "model.yaml").read_text())
    spec["train"]["params"], spec["gates"], spec["retrain"] = PARAMS, [], {"when": []}
    (models / MODEL / "model.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / f"{MODEL}.py").write_text(DAG)
    monkeypatch.setenv("EVERFIT_MODELS", str(models))
    state = tmp_path / "stack"
    (state / "airflow").mkdir(parents=True)
    (state / "airflow" / "airflow.cfg").write_text(CONFIG.format(dags=tmp_path / "dags"))
    running = up(str(state))
    try:
        yield running
    finally:
        down(str(state))


def trained(stack: Stack, run: str) -> FileHash:
    (judged,) = [
        entry.body
        for entry in ledger(stack).view().entries
        if type(entry.body).__name__ == "CandidateJudged" and entry.body.run == run
    ]
    return next(file for file in judged.files if file.name == "model.ubj")


def ledger(stack: Stack) -> Ledger:
    return Ledger(MODEL, open_store(str(stack.paths.store)), lambda: datetime.now(UTC))


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_a_killed_training_task_goes_on_to_the_same_bytes(stack: Stack) -> None:
    store = open_store(str(stack.paths.store))
    with stack.airflow() as airflow:
        airflow.wait_for_dags(f"{MODEL}_ingest", TRAIN)
        land(stack.paths.landing, MONTHS, 0.1)
        until(airflow, lambda: len(ledger(stack).view().batches) == len(MONTHS), "three months accepted", 200)
        run = airflow.trigger(TRAIN, {"force": True})
        rounds = f"checkpoints/{MODEL}"
        kept = until(airflow, lambda: [k for k in store.list(rounds) if "/rounds/" in k], "a first checkpoint", 200)
        max(at_work(stack), key=psutil.Process.create_time).kill()  # the task itself, not its supervisor
        assert airflow.wait(airflow.run(TRAIN, run.id), 300).state == "success"
        (task,) = [one for one in airflow.task_instances(TRAIN, run.id) if one.task == "train"]
        assert task.tries == 2
        log = airflow.log(task)
        done = int(kept[0].rpartition("/")[2].partition("-")[0])
        assert f"try 1 of this task left a checkpoint after round {done}: {kept[0]}" in log
        assert f"going on from round {done} of {PARAMS['rounds']}" in log
        again = airflow.trigger(TRAIN, {"force": True})
        assert airflow.wait(airflow.run(TRAIN, again.id), 300).state == "success"
    view = ledger(stack).view()
    first, second = (entry.body.run for entry in view.triggers)
    assert trained(stack, first) == trained(stack, second)
    assert store.list(rounds) == []
