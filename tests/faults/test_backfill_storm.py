"""Somebody backfills a year and a half of deployments in real Airflow: 500 runs that want old versions to serve.

Airflow refuses to backfill `<model>_deploy` itself, which has no times. What could go most wrong is a DAG of a user's
own around the same operator with a time for each run: Airflow's backfills have a limit of active runs of their own, so
many are at work at once. Runs of `<model>_deploy` by hand come on top, and one of them has a version that may serve.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import AttemptOpened
from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import load_spec
from everfit.steps.attest import attest
from everfit.steps.deploy import deploy
from everfit.steps.judge_again import with_fresh_evidence
from everfit.stores import open_store
from everfit.stores.dvc import DvcStore
from everfit.targets.everfit_server import EverfitServer
from tests.e2e.waiting import until
from tests.faults.killing import frozen
from tests.faults.shelf import Shelf, note_changes
from tests.steps.judging import CODE, House
from tools.local import stack as local_stack
from tools.local.airflow_api import Airflow
from tools.local.errors import StackError
from tools.local.stack import Stack, down, up

pytestmark = [pytest.mark.races, pytest.mark.soak, pytest.mark.e2e, pytest.mark.timeout(3_600)]
MODEL = "stormy"
CHAMPION, WAITING = 4, 5
RUNS = 500
AT_ONCE = 16
FIRST = datetime(2012, 1, 1, tzinfo=UTC)
DAYS = {"from_date": FIRST.isoformat(), "to_date": (FIRST + timedelta(RUNS - 1)).isoformat()}
FENCED = "it must stop here, the newer attempt goes on"
ROW = {"carrier": "UA", "distance": 400.0, "left": "2013-03-01T06:00:00Z"}
SPEC = f"""
name: {MODEL}
task: binary
label: late
time: left
data: {{landing: trips, tables: {{trips: {{file: trips.parquet}}}}}}
window: {{batches: 3, holdout: 1, at_least: 2}}
train: {{params: {{rounds: 20, max_depth: 3}}}}
gates: [{{above_bar: {{metric: auc, at_least: 0.6}}}}]
schedule: {{on_new_data: false}}
"""
DAGS = f'''
from datetime import datetime

from airflow.sdk import DAG, CronTriggerTimetable

from everfit_airflow import build_dags
from everfit_airflow.operators import DeployModelOperator
from everfit_airflow.retries import DEFAULTS

globals().update({{name: dag for name, dag in build_dags("{MODEL}").items() if name == "{MODEL}_deploy"}})


class DeployOfTheDay(DeployModelOperator):
    """Deploys a version that hangs on the day of the run."""

    @staticmethod
    def version(context):
        return 1 + context["logical_date"].toordinal() % {CHAMPION}


with DAG(
    "{MODEL}_daily",
    schedule=CronTriggerTimetable("@daily", timezone="UTC"),
    start_date=datetime(2012, 1, 1),
    end_date=datetime(2013, 12, 31),
    catchup=False,
    max_active_tasks={AT_ONCE},
    is_paused_upon_creation=False,
    default_args=DEFAULTS,
) as daily:
    DeployOfTheDay(task_id="deploy", model="{MODEL}")
'''


@dataclass
class Storm:
    """The running stack, the model's history so far, and who asks its champion all the time."""

    stack: Stack
    airflow: Airflow
    shelf: Shelf
    answered: list[int] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    @property
    def ledger(self) -> Ledger:
        return Ledger(MODEL, open_store(str(self.stack.paths.store)), lambda: datetime.now(UTC))

    @property
    def registry(self) -> MlflowRegistry:
        return MlflowRegistry(self.stack.mlflow_url, self.stack.paths.state / "test")

    def ask(self) -> None:
        """Be somebody who asks the champion ten times a second; an answer that does not come is version 0."""
        body = {"model": MODEL, "alias": "champion", "rows": [ROW]}
        with httpx.Client(timeout=60, trust_env=False) as client:
            while not self.over.wait(0.1):
                answer = client.post(f"{self.stack.server_url}/predict", json=body)
                self.answered.append(answer.json()["version"] if answer.status_code == httpx.codes.OK else 0)

    def decisions(self) -> list[str]:
        return [entry.key for entry in self.ledger.entries() if not isinstance(entry.body, AttemptOpened)]

    def backfill(self, asked: Mapping[str, Any]) -> None:
        """Ask Airflow for it while nobody else writes: on SQLite it makes no backfill otherwise, and says so."""
        for left in reversed(range(20)):
            try:
                with frozen(self.stack, "scheduler", "dag-processor"):
                    self.airflow.call("POST", "/backfills", json=asked)
            except StackError as error:
                if not left or "Database is locked" not in str(error):
                    raise
                time.sleep(0.5)
            else:
                return

    def runs(self, *states: str) -> int:
        """How many runs of the DAG of every day are in one of these states."""
        found = self.airflow.get(f"/dags/{MODEL}_daily/dagRuns", state=states, run_type="backfill", limit=1)
        return int(found["total_entries"])

    def ended(self) -> Counter[str]:
        """How many tasks of every day ended how; one that failed has to say why, and that it was nobody's fault."""
        found: list[Mapping[str, Any]] = []
        path = f"/dags/{MODEL}_daily/dagRuns/~/taskInstances"
        while page := self.airflow.get(path, limit=100, offset=len(found), order_by="id")["task_instances"]:
            found += page
        for run in {str(one["dag_run_id"]) for one in found if one["state"] == "failed"}:
            (task,) = self.airflow.task_instances(f"{MODEL}_daily", run)
            assert FENCED in self.airflow.log(task)
        return Counter(str(one["state"]) for one in found)


@pytest.fixture
def storm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storm]:
    model = tmp_path / "models" / MODEL
    (model / "expectations").mkdir(parents=True)
    (model / "model.yaml").write_text(SPEC)
    (model / "features.py").write_text(CODE)
    (model / "expectations/trips.json").write_text('{"name": "trips", "expectations": []}')
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "stormy.py").write_text(DAGS)
    ours = {"AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"), "EVERFIT_MODELS": str(model.parent)}
    known = local_stack.services

    def less(*asked: Any) -> Any:
        wanted = [one for one in known(*asked) if one.name != "triggerer"]
        return tuple(replace(one, environment={**one.environment, **ours}) for one in wanted)

    monkeypatch.setattr(local_stack, "services", less)
    monkeypatch.setenv("EVERFIT_MODELS", str(model.parent))
    state = str(tmp_path / "stack")
    stack = up(state)
    try:
        note_changes(stack.paths.mlflow_database)
        fill(stack, tmp_path)
        with stack.airflow() as airflow:
            airflow.wait_for_dags(f"{MODEL}_deploy", f"{MODEL}_daily")
            yield Storm(stack, airflow, Shelf(stack.mlflow_url, stack.paths.mlflow_database))
    finally:
        down(state)


def fill(stack: Stack, root: Path) -> None:
    """Version 4 serves, after three others; version 5 waits, judged against nobody."""
    store = open_store(str(stack.paths.store))
    nothing: Any = None
    ports = Ports(
        *(store, nothing, DvcStore(f"{store.url}/dvc", root / "dvc")),
        registry=MlflowRegistry(stack.mlflow_url, root / "work" / "mlflow"),
        target=EverfitServer(stack.server_url),
        clock=lambda: datetime.now(UTC),
        work=root / "work",
    )
    ports.work.mkdir()
    house = House(root, ports, load_spec(MODEL))
    house.accept(1, 2, 3)
    for version in range(1, WAITING + 1):
        assert house.trained(f"run-{version}").register().version == version
    for version in range(1, CHAMPION + 1):
        with_fresh_evidence(
            *(ports, house.spec, version, quiet),
            lambda version=version: deploy(ports, house.spec, version, f"by-hand-{version}#1", quiet),
        )
    attest(ports, house.spec)


def quiet(_message: str) -> None:
    """Nobody listens."""


def test_a_backfill_of_500_runs_changes_nothing(storm: Storm) -> None:
    airflow, before = storm.airflow, storm.decisions()
    with pytest.raises(StackError, match="non-periodic schedule that does not support backfills"):
        airflow.call("POST", "/backfills", json={"dag_id": f"{MODEL}_deploy", **DAYS, "dag_run_conf": {"version": 1}})
    caller = Thread(target=storm.ask)
    caller.start()
    began = time.monotonic()
    try:
        storm.backfill({"dag_id": f"{MODEL}_daily", **DAYS, "max_active_runs": AT_ONCE})
        assert storm.runs() == RUNS
        by_hand = [airflow.trigger(f"{MODEL}_deploy", {"version": 1 + number % CHAMPION}) for number in range(5)]
        until(airflow, lambda: storm.runs("success", "failed") >= RUNS // 3, "a third of the storm", 1_500)
        by_hand.append(airflow.trigger(f"{MODEL}_deploy", {"version": WAITING}))
        assert [airflow.wait(run, 600).state for run in by_hand] == ["success"] * len(by_hand)
        assert storm.runs("queued", "running"), "the new version was promoted in the middle of the storm"
        until(airflow, lambda: storm.runs("success", "failed") == RUNS, "all runs have ended", 3_000)
    finally:
        storm.over.set()
        caller.join()
    ended, seconds = storm.ended(), time.monotonic() - began
    assert (ended.total(), set(ended) - {"success", "skipped", "failed"}) == (RUNS, set())
    judged, *rest = storm.decisions()[len(before) :]
    assert judged == f"judged:against-{CHAMPION}/run-{WAITING}"
    assert [key.rpartition(":")[0] for key in rest] == [f"deploy:{WAITING}", "promoted", "deployed", "signed"]
    view = storm.ledger.view()
    assert view.champion == storm.registry.alias(MODEL, "champion") == WAITING
    assert storm.registry.route(MODEL) == view.route(MODEL)
    assert storm.shelf.reign(MODEL, "champion") == [*range(1, WAITING + 1)]
    assert set(storm.answered) == {CHAMPION, WAITING}
    assert storm.answered == sorted(storm.answered), "whoever asked was answered, and never by an old version again"
    print(
        f"\n{RUNS} backfilled runs, {AT_ONCE} at once, in {seconds:.0f} s: {dict(ended)}; "
        f"{len(storm.answered):,} requests meanwhile, all answered by version {CHAMPION} or, once promoted, {WAITING}"
    )
