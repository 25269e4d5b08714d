"""Batches that arrive by event, in real Airflow: seen by the triggerer, or told of by a message in a real SQS queue.

A small Airflow of its own (no MLflow, no model server), with two models that differ only in what wakes them up.
"""

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from everfit.cli.new import scaffold
from everfit.ledger import Entry, Ledger
from everfit.ledger.entries import (
    BatchAccepted,
    BatchLate,
    BatchQuarantined,
    CandidateJudged,
    RetrainAsked,
    RunTriggered,
)
from everfit.stores import open_store
from everfit.values import StoredFile
from everfit_airflow.handover import safe
from tests.e2e.waiting import until
from tests.services import KEYS, s3_server
from tools.local import stack as local_stack
from tools.local.airflow_api import Airflow
from tools.local.stack import Stack, down, up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
PROJECT = Path(__file__).parents[2]
GOOD = b"time,amount,kind,outcome\n2013-05-01,1,a,0\n2013-05-02,2,b,1\n2013-05-03,3,a,1\n"
BAD = b"time,amount,outcome\n2013-05-01,1,0\n"
DAGS = """
import json

from everfit_airflow import build_dags


def tell(context):
    with open({told!r}, "a") as file:
        file.write(json.dumps([context["task_instance"].task_id, str(context["exception"])]) + "\\n")


for model in ("by_watch", "by_queue"):
    globals().update(build_dags(model, notify=[tell]))
"""
MODEL = """
name: {name}
task: binary
label: outcome
time: time
data:
  landing: {name}
  look_every: 1
  tables: {{examples: {{file: examples.csv}}}}
  counts_when: {{within: {within}}}
  wake: {wake}
retrain: {{when: [{retrain}]}}
"""


@dataclass
class Arriving:
    """The running Airflow, its queue, and where things land."""

    stack: Stack
    airflow: Airflow
    sqs: object
    queue: str
    told: Path

    def land(self, model: str, partition: str, data: bytes, *, whole: bool = True) -> None:
        folder = self.stack.paths.landing / model / partition
        folder.mkdir(parents=True)
        (folder / "examples.csv").write_bytes(data)
        if whole:
            (folder / "_SUCCESS").touch()

    def ledger(self, model: str) -> Ledger:
        return Ledger(model, open_store(str(self.stack.paths.store)), lambda: datetime.now(UTC))

    def view(self, model: str):
        return self.ledger(model).view()

    def settled(self, model: str) -> set[str]:
        return {partition for partition, _ in self.view(model).settled}

    def until(self, true, what: str, timeout: float = 60):
        return until(self.airflow, true, what, timeout)

    def run_types(self, dag: str) -> list[str]:
        return [run["run_type"] for run in self.airflow.get(f"/dags/{dag}/dagRuns", limit=100)["dag_runs"]]

    def judged(self, run: Entry[RunTriggered]) -> None:
        """The run ends well, as if there were an MLflow to train with."""
        body, file = run.body, StoredFile("k", "s")
        said = CandidateJudged(body.run, "m", body.snapshot, (), None, False, "no", (), file, file)
        self.ledger("by_watch").append(f"judged:{body.run}", said)
        for one in self.airflow.runs("by_watch_train"):
            if not one.ended and safe(one.id) == body.run:
                self.airflow.call("PATCH", f"/dags/{one.dag}/dagRuns/{one.id}", json={"state": "success"})

    def late(self) -> list[str]:
        """What the notifier was told by the task that tells of late deliveries."""
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        return [words for task, words in map(json.loads, lines) if task == "tell_late"]

    def partitions(self, asset: str) -> list[str | None]:
        """The partition keys of an asset's events, as Airflow's UI shows them."""
        (found,) = [one for one in self.airflow.get("/assets", limit=100)["assets"] if one["name"] == asset]
        events = self.airflow.get("/assets/events", asset_id=found["id"], limit=100)["asset_events"]
        return sorted((event["partition_key"] for event in events), key=str)


@pytest.fixture(scope="module")
def arriving(tmp_path_factory):
    root = tmp_path_factory.mktemp("arrival")
    with s3_server() as options, pytest.MonkeyPatch.context() as patch:
        import boto3

        sqs = boto3.client("sqs", endpoint_url=options["endpoint_url"], **KEYS)
        queue = sqs.create_queue(QueueName="landed")["QueueUrl"]
        write(root, queue)
        connection = {
            "conn_type": "aws",
            "login": KEYS["aws_access_key_id"],
            "password": KEYS["aws_secret_access_key"],
            "extra": {"endpoint_url": options["endpoint_url"], "region_name": KEYS["region_name"]},
        }
        ours = {
            "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
            "AIRFLOW_CONN_TEAM_QUEUE": json.dumps(connection),
            "EVERFIT_MODELS": str(root / "models"),
        }
        known = local_stack.services

        def only_airflow(*asked):
            wanted = [one for one in known(*asked) if one.name not in {"mlflow", "model-server"}]
            return tuple(replace(one, environment={**one.environment, **ours}) for one in wanted)

        patch.setattr(local_stack, "services", only_airflow)
        state = str(root / "stack")
        stack = up(state)
        try:
            with stack.airflow() as airflow:
                airflow.wait_for_dags("by_watch_ingest", "by_queue_ingest", "by_queue_train")
                found = Arriving(stack, airflow, sqs, queue, root / "told.txt")
                for dag in ("by_watch_ingest", "by_queue_ingest"):
                    first = found.until(lambda dag=dag: airflow.runs(dag), "a new DAG sweeps once")
                    airflow.wait(first[0], 60)
                yield found
        finally:
            down(state)


def write(root: Path, queue: str) -> None:
    """The two models, and the DAG file that tells failures by writing them down."""
    never = "'0 0 29 2 *'"
    wakes = {
        "by_watch": f"{{by: watch, sweep: {never}}}",
        "by_queue": f"{{by: queue, queue: '{queue}', connection: team_queue, sweep: {never}}}",
    }
    for name, wake in wakes.items():
        folder = root / "models" / name
        scaffold(name, "binary", root / "made/include/models")
        shutil.copytree(root / "made/include/models" / name, folder)
        within, retrain = (2, "new_data") if name == "by_watch" else (3600, "changed")
        (folder / "model.yaml").write_text(MODEL.format(name=name, wake=wake, within=within, retrain=retrain))
    (root / "dags").mkdir()
    (root / "dags" / "arriving.py").write_text(DAGS.format(told=str(root / "told.txt")))


def test_a_message_is_a_wake_up_and_the_run_takes_whatever_is_there(arriving):
    for partition in ("2013-05", "2013-06"):
        arriving.land("by_queue", partition, GOOD.replace(b"2013-05", partition.encode()))
    arriving.sqs.send_message(QueueUrl=arriving.queue, MessageBody="something was created")
    arriving.until(lambda: len(arriving.view("by_queue").of(BatchAccepted)) == 2, "both accepted")
    arriving.until(lambda: len(arriving.partitions("by_queue_batch")) == 2, "the events of both")
    assert arriving.partitions("by_queue_batch") == ["2013-05", "2013-06"]
    arriving.until(lambda: "asset_triggered" in arriving.run_types("by_queue_ingest"), "a run that the message started")


@pytest.fixture(scope="module")
def asked(arriving):
    """As after a recall at a terminal: nobody tells Airflow, but the watch in the triggerer sees it in the ledger.

    It looks twice, half a minute apart; other tests go on meanwhile.
    """
    return arriving.ledger("by_queue").append("retrain:test", RetrainAsked("a batch was recalled", "ann"))


@pytest.mark.usefixtures("asked")
def test_what_the_triggerer_sees_is_settled_and_airflow_knows_its_partition(arriving):
    arriving.land("by_watch", "2013-05", GOOD)
    arriving.land("by_watch", "2013-06", BAD)
    arriving.until(lambda: arriving.settled("by_watch") >= {"2013-05", "2013-06"}, "both settled")
    view = arriving.view("by_watch")
    assert "2013-05" in [entry.body.batch.partition for entry in view.of(BatchAccepted)]
    assert [entry.body.partition for entry in view.of(BatchQuarantined)] == ["2013-06"]
    arriving.until(lambda: "2013-05" in arriving.partitions("by_watch_batch"), "the event of the accepted batch")
    assert "2013-06" not in arriving.partitions("by_watch_batch")
    assert "asset_triggered" in arriving.run_types("by_watch_ingest"), "an event started it, not the sweep"


def test_of_a_late_delivery_a_person_is_told_once_and_then_it_is_settled(arriving):
    arriving.land("by_watch", "2013-07", GOOD, whole=False)
    (late,) = arriving.until(lambda: arriving.view("by_watch").of(BatchLate), "told in the ledger")
    assert (late.body.partition, late.body.lacks) == ("2013-07", "_SUCCESS is not there")
    arriving.until(arriving.late, "the notifier was called")
    failed = arriving.until(
        lambda: [run for run in arriving.airflow.runs("by_watch_ingest") if run.state == "failed"], "a red run"
    )
    (arriving.stack.paths.landing / "by_watch/2013-07/_SUCCESS").touch()
    arriving.until(lambda: "2013-07" in arriving.settled("by_watch"), "settled after all")
    (told,) = arriving.late()
    assert told.startswith("1 late in by_watch; look at the source")
    assert "2013-07: waiting since" in told
    red = [run.id for run in arriving.airflow.runs("by_watch_ingest") if run.state == "failed"]
    assert red == [run.id for run in failed]


def test_a_run_that_is_due_starts_though_nothing_arrives(arriving, asked):
    (run,) = arriving.until(lambda: arriving.view("by_queue").triggers, "a run that is due", timeout=120)
    assert run.body.why == "due"
    assert run.body.because == (f"entry {asked.seq}: a new training run is asked for, by ann: a batch was recalled",)
    assert asked.seq in run.body.consumed
    assert arriving.run_types("by_queue_train") == ["asset_triggered"]


def test_what_comes_during_a_run_or_while_its_dag_is_paused_is_used_once(arriving):
    """Two batches and a wish during the one run that there may be, then a batch while the DAG is paused."""
    arriving.land("by_watch", "2013-08", GOOD)
    (first,) = arriving.until(lambda: arriving.view("by_watch").triggers[:1], "a first run")
    for partition in ("2013-09", "2013-10"):
        arriving.land("by_watch", partition, GOOD)
    wish = arriving.ledger("by_watch").append("wish", RetrainAsked("somebody wants to", "ann"))
    arriving.until(lambda: arriving.settled("by_watch") >= {"2013-09", "2013-10"}, "both settled")
    assert len(arriving.view("by_watch").triggers) == 1, "one run at a time"
    arriving.judged(first)
    second = arriving.until(lambda: arriving.view("by_watch").triggers[1:], "a run for what came meanwhile")[0]
    assert wish.seq in second.body.consumed
    told = len(arriving.partitions("by_watch_data"))
    arriving.airflow.pause("by_watch_train")
    arriving.judged(second)
    arriving.land("by_watch", "2013-11", GOOD)
    arriving.until(lambda: len(arriving.partitions("by_watch_data")) > told, "an event that a paused DAG misses")
    assert len(arriving.view("by_watch").triggers) == 2
    arriving.airflow.pause("by_watch_train", paused=False)
    arriving.land("by_watch", "2013-12", GOOD)
    arriving.until(lambda: "2013-12" in arriving.settled("by_watch"), "the last one settled")

    def all_used() -> bool:
        for run in arriving.view("by_watch").triggers:
            if run.body.run not in arriving.view("by_watch").judged_runs:
                arriving.judged(run)
        return set(emitted()) <= set(arriving.view("by_watch").consumed)

    def emitted() -> list[int]:
        view = arriving.view("by_watch")
        return sorted(entry.seq for kind in (BatchAccepted, RetrainAsked) for entry in view.of(kind))

    arriving.until(all_used, "runs after the pause")
    assert sorted(seq for run in arriving.view("by_watch").triggers for seq in run.body.consumed) == emitted()
