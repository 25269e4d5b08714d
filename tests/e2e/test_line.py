"""Many models and one card, in real Airflow: who waits goes in the order of the line, and no search takes all slots.

A small Airflow of its own (no MLflow, no model server). Runs, ledgers, line and operators are real; instead of
learning, a task that trains holds its slot for as long as the test wants.
"""

import io
import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from everfit.cli import main
from everfit.spec import load_spec
from everfit.stores import open_store
from tests.steps.queueing import Hall, hall
from tools.local import stack as local_stack
from tools.local.airflow_api import Airflow
from tools.local.stack import Stack, down, up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
MODELS = {
    "busy": "{order: gain}",
    "first": "{order: gain}",
    "gains": "{order: gain}",
    "person": "{order: gain}",
    "recalled": "{order: gain}",
    "searches": "{name: wide, max_active: 2}",
    "modest": "{name: wide}",
}
MODEL = """
name: {name}
task: binary
label: late
time: left
data: {{landing: trips, tables: {{trips: {{file: trips.csv}}}}}}
window: {{batches: 3, at_least: 2}}
train: {{pool: {pool}}}
"""
DAGS = '''
import json
import time
from pathlib import Path

from airflow.sdk import DAG

from everfit.spec import load_spec
from everfit_airflow.dag._shared import in_pool
from everfit_airflow.operators import WaitForTurnOperator
from everfit_airflow.operators.training import TrainingOperator

ROOT = Path({root!r})


class Hold(TrainingOperator):
    """Holds its slot until a file is there, and writes down when it began and ended."""

    template_fields = ("model", "run", "until")

    def __init__(self, *, until, **kwargs):
        super().__init__(**kwargs)
        self.until = until

    def work(self, ports, spec, run, context):
        from everfit.steps.line import training

        with training(ports.store, spec.train.pool_name, spec.name, run.run):
            begin = time.time()
            while not (ROOT / self.until).exists() and time.time() < begin + 60:
                time.sleep(0.1)
        with (ROOT / "trained.txt").open("a") as file:
            file.write(json.dumps([spec.name, begin, time.time()]) + "\\n")


for name in {models!r}:
    spec = load_spec(name)
    with DAG(name + "_train", schedule=None, max_active_runs=1) as dag:
        asked = {{"model": name, "run": {{"run": "run-2" if name == "recalled" else "run-1"}}}}
        if name == "searches":
            Hold.partial(task_id="search", **asked, **in_pool(spec)).expand(until=["searched"] * 5)
        else:
            hold = Hold(task_id="train", until="go" if name == "busy" else ".", **asked, **in_pool(spec))
            if spec.train.pool.order == "gain":
                WaitForTurnOperator(task_id="wait_for_turn", **asked) >> hold
    globals()[dag.dag_id] = dag
'''


@dataclass
class Waiting:
    """The running Airflow, the ledgers of the models, and what was trained when."""

    stack: Stack
    airflow: Airflow
    hall: Hall
    root: Path

    def begin(self, model: str, why: str = "new data") -> None:
        """A run of the model, as the ledger knows it and in Airflow."""
        self.hall.now = datetime.now(UTC)
        spec = load_spec(model)
        self.hall.accept(model, "2013-01", "2013-02")
        run = self.hall.trigger(spec, why)
        if model == "recalled":
            self.hall.promote(run, model)
            self.hall.ask(model)
            self.hall.trigger(spec)
        self.airflow.trigger(f"{model}_train", run="one")

    def state(self, model: str, task: str) -> str | None:
        return next(t.state for t in self.airflow.task_instances(f"{model}_train", "one") if t.task == task)

    def until(self, true, what: str, timeout: float = 60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := true():
                return found
            time.sleep(0.2)
        tasks = [t for run in self.airflow.runs("~") for t in self.airflow.task_instances(run.dag, run.id)]
        raise AssertionError(f"not within {timeout} s: {what}; {[(t.dag, t.task, t.state) for t in tasks]}")

    def trained(self) -> list[tuple[str, float, float]]:
        file = self.root / "trained.txt"
        return sorted(map(json.loads, file.read_text().splitlines()), key=lambda one: one[1]) if file.exists() else []


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    root = tmp_path_factory.mktemp("line")
    for name, pool in MODELS.items():
        folder = root / "models" / name
        (folder / "expectations").mkdir(parents=True)
        (folder / "model.yaml").write_text(MODEL.format(name=name, pool=pool))
        (folder / "features.py").write_text("INPUTS = []\n")
        (folder / "expectations/trips.json").write_text('{"name": "trips", "expectations": []}')
    (root / "dags").mkdir()
    (root / "dags" / "waiting.py").write_text(DAGS.format(root=str(root), models=list(MODELS)))
    ours = {"AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"), "EVERFIT_MODELS": str(root / "models")}
    known = local_stack.services

    def only_airflow(*asked):
        wanted = [one for one in known(*asked) if one.name not in {"mlflow", "model-server"}]
        return tuple(replace(one, environment={**one.environment, **ours}) for one in wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_stack, "services", only_airflow)
        patch.setenv("EVERFIT_MODELS", str(root / "models"))
        state = str(root / "stack")
        stack = up(state)
        try:
            with stack.airflow() as airflow:
                airflow.call("POST", "/pools", json={"name": "wide", "slots": 3})
                airflow.wait_for_dags(*(f"{name}_train" for name in MODELS))
                yield Waiting(stack, airflow, hall(root, open_store(str(stack.paths.store))), root)
        finally:
            down(state)


def test_who_waits_for_the_card_goes_in_the_order_of_the_line(waiting, monkeypatch):
    waiting.begin("busy")
    waiting.until(lambda: waiting.state("busy", "train") == "running", "the card is taken")
    waiting.begin("first")
    waiting.until(lambda: waiting.state("first", "train") == "scheduled", "called, and in Airflow's queue for the pool")
    for model, why in {"gains": "new data", "person": "a person", "recalled": "new data"}.items():
        waiting.begin(model, why)
        waiting.until(lambda model=model: waiting.state(model, "wait_for_turn") == "deferred", f"{model} waits")
    monkeypatch.setenv("EVERFIT_STORE", str(waiting.stack.paths.store))
    out = io.StringIO()
    assert main(["line", "gpu"], Console(file=out, width=160, highlight=False)) == 0
    assert [row.split()[1] for row in out.getvalue().splitlines()[2:]] == ["first", "recalled", "person", "gains"]
    (waiting.root / "go").touch()
    wanted = ["busy", "first", "recalled", "person", "gains"]
    waiting.until(lambda: len(waiting.trained()) == len(wanted), "all are trained", 90)
    trained = waiting.trained()
    assert [model for model, _, _ in trained] == wanted
    assert all(before[2] <= after[1] for before, after in pairwise(trained)), "one at a time"
    assert waiting.hall.ports.store.list("line") == []
    (task,) = [t for t in waiting.airflow.task_instances("gains_train", "one") if t.task == "wait_for_turn"]
    log = waiting.airflow.log(task)
    assert "pool gpu: gain 0.50 (100 % new rows, 50 % likely to help)" in log
    assert "place 2 in the line, behind first" in log, "when it came"
    assert "first in the line" in log
    assert "it is this run's turn" in log


def test_a_search_never_has_more_slots_than_its_model_may(waiting):
    """Five trials, two slots of three: the third is for the others, however many trials are left."""
    before = len(waiting.trained())
    waiting.begin("searches")

    def running():
        states = [t.state for t in waiting.airflow.task_instances("searches_train", "one")]
        return states.count("running") == 2 and states.count("scheduled") == 3

    waiting.until(running, "two trials run, three wait")
    waiting.begin("modest")
    waiting.until(lambda: waiting.state("modest", "train") == "success", "the other model was trained meanwhile")
    assert running()
    (waiting.root / "searched").touch()
    waiting.until(lambda: len(waiting.trained()) == before + 6, "all trials")
    trials = [(begin, end) for model, begin, end in waiting.trained() if model == "searches"]
    assert max(sum(begin <= at < end for begin, end in trials) for at, _ in trials) == 2
