"""A model whose spec says `engine: spark`, from landing to verdict in real Airflow, on a real Spark Connect server.

The DAGs of each installation run in a process of their own, and Spark's address is in an Airflow connection, as it is
where people work. What the tasks hand over is compared with what they hand over with `engine: local` on the same data.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import BatchAccepted, BatchQuarantined
from everfit.stores import LocalStore
from everfit.values import Candidate, Evaluation, Features, Inspection, Judgement, load
from tests.services import mlflow_server
from tests.spark import ConnectServer, connect_server
from tools.land_flights import land

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.timeout(600)]
MODEL = "flight_delays"
MODELS = Path(__file__).parents[2] / "include" / "models"
RUNS = Path(__file__).with_name("dag_runs.py")
MONTHS = ("2013-01", "2013-02", "2013-03")
BROKEN = "2013-03"
TIMED = {"answers_when_served"}
"""Gates whose words say how long something took."""
SPEC = {"at_least: 3}": "at_least: 2}", "rounds: 150": "rounds: 40"}  # enough to compare
DAGS = f"""
from everfit_airflow import build_dags  # an Airflow DAG file

globals().update({{name: dag for name, dag in build_dags("{MODEL}").items() if name.endswith(("_ingest", "_train"))}})
"""
T = TypeVar("T")


@dataclass(frozen=True)
class Installation:
    """One Airflow project: its environment, and the store that its tasks write to."""

    env: Mapping[str, str]
    store: LocalStore

    def run(self, confs: Mapping[str, Mapping[str, Any] | None], **env: str) -> list[str]:
        """A run of each DAG with its conf, one after the other, to the end; the names of their folders in the store."""
        before = {dag: self._runs(dag) for dag in confs}
        wanted = json.dumps({f"{MODEL}_{dag}": conf for dag, conf in confs.items()})
        command = [sys.executable, str(RUNS), self.env["AIRFLOW__CORE__DAGS_FOLDER"], "own", wanted]
        ended = subprocess.run(command, env={**self.env, **env}, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-3000:]
        made = []
        for dag, known in before.items():
            made += self._runs(dag) - known
        assert len(made) == len(confs)
        return made

    def _runs(self, dag: str) -> set[str]:
        return {key.split("/")[2] for key in self.store.list(f"runs/{MODEL}_{dag}")}

    def handed(self, kind: type[T], dag: str, run: str, task: str) -> list[T]:
        """What a task handed over, or each of its mapped instances."""
        folder = f"runs/{MODEL}_{dag}/{run}"
        keys = [key for key in sorted(self.store.list(folder)) if key.startswith(f"{folder}/{task}")]
        return [load(kind, json.loads(self.store.read(key))) for key in keys]


@dataclass(frozen=True)
class Trained:
    """What the tasks of one training run handed over."""

    features: Features
    candidate: Candidate
    evaluation: Evaluation
    judgement: Judgement

    @classmethod
    def by(cls, made: Installation, run: str) -> Trained:
        kinds = {"build_features": Features, "train": Candidate, "evaluate": Evaluation, "judge": Judgement}
        return cls(*(made.handed(kind, "train", run, task)[0] for task, kind in kinds.items()))

    @property
    def model(self) -> str:
        """The hash of the model's own file."""
        return next(file.sha256 for file in self.candidate.files if file.name == "model.ubj")


def spark(port: int, workers: int) -> str:
    """The connection `everfit_spark`, as docs/how-to/run-on-spark.md has it."""
    said = {"conn_type": "spark", "host": "sc://127.0.0.1", "port": port, "extra": {"workers": workers}}
    return json.dumps(said)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectServer]:
    with connect_server(tmp_path_factory.mktemp("spark")) as found:
        yield found


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sound months, and one in which nobody knows where a flight began."""
    import pyarrow as pa
    from pyarrow import parquet

    root = tmp_path_factory.mktemp("landing")
    land(root, MONTHS, 0.1)
    path = root / "flights" / BROKEN / "flights.parquet"
    table = parquet.read_table(path)
    at = table.schema.names.index("origin")
    parquet.write_table(table.set_column(at, "origin", pa.nulls(len(table), pa.string())), path)
    return root


def install(root: Path, landing: Path, mlflow: str, engine: str) -> Installation:
    """A project like any other, but for one word in model.yaml."""
    shutil.copytree(MODELS / MODEL, root / "models" / MODEL)
    yaml = root / "models" / MODEL / "model.yaml"
    text = yaml.read_text()
    for old, new in SPEC.items():
        assert old in text
        text = text.replace(old, new)
    yaml.write_text(f"{text}\nengine: {engine}\n")
    (root / "dags").mkdir()
    (root / "dags" / "own.py").write_text(DAGS)
    host, _, port = mlflow.removeprefix("http://").partition(":")
    connections = {
        "store": {"conn_type": "fs", "extra": {"path": str(root / "store")}},
        "landing": {"conn_type": "fs", "extra": {"path": str(landing)}},
        "mlflow": {"conn_type": "http", "host": host, "port": int(port)},
        "server": {"conn_type": "http", "host": "127.0.0.1", "port": 9},
    }
    bundle = {"classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
    bundle |= {"kwargs": {"path": str(root / "dags")}, "name": "own"}
    env = {f"AIRFLOW_CONN_EVERFIT_{name.upper()}": json.dumps(said) for name, said in connections.items()}
    env |= {
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "EVERFIT_MODELS": str(root / "models"),
        "EVERFIT_WORK": str(root / "work"),
    }
    return Installation({**os.environ, **env}, LocalStore(root / "store"))


@dataclass(frozen=True)
class Done:
    """One installation after a run of ingest and a run of train."""

    made: Installation
    inspections: list[Inspection]
    trained: Trained

    @classmethod
    def by(cls, made: Installation, **env: str) -> Done:
        ingest, train = made.run({"ingest": None, "train": {"device": "cpu"}}, **env)
        return cls(made, made.handed(Inspection, "ingest", ingest, "batch.validate"), Trained.by(made, train))


@pytest.fixture(scope="module")
def done(
    landing: Path, server: ConnectServer, airflow_db: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Done]]:
    """The same deliveries, worked on by either engine; with one worker, so that the model can be compared too."""
    with ExitStack() as stack:
        found = {}
        for engine in ("local", "spark"):
            root = tmp_path_factory.mktemp(engine)
            mlflow = stack.enter_context(mlflow_server(root / "mlflow")).url
            env = {"AIRFLOW_CONN_EVERFIT_SPARK": spark(server.port, 1)} if engine == "spark" else {}
            found[engine] = Done.by(install(root, landing, mlflow, engine), **env)
        yield found


def test_deliveries_get_the_same_verdicts_check_by_check(done: dict[str, Done]) -> None:
    local, far = done["local"], done["spark"]
    assert far.inspections == local.inspections
    assert {one.partition: one.accepted for one in far.inspections} == {month: month != BROKEN for month in MONTHS}
    view = Ledger(MODEL, far.made.store, lambda: None).view()
    assert {entry.body.batch.partition for entry in view.of(BatchAccepted)} == {*MONTHS[:2]}
    assert [entry.body.partition for entry in view.of(BatchQuarantined)] == [BROKEN]


def test_features_model_scores_and_verdicts_are_equal_to_the_byte(done: dict[str, Done]) -> None:
    both = done["spark"], done["local"]
    far, local = (one.trained for one in both)
    assert far.features == local.features, "hashes of the table and of the history"
    assert far.model == local.model
    scores, wanted = (pd.read_parquet(one.made.store.local_file(one.trained.evaluation.evidence)) for one in both)
    pd.testing.assert_frame_equal(scores, wanted, check_exact=True, obj="the score of each held-out row")
    assert far.evaluation.metrics == local.evaluation.metrics
    said, words = ([one for one in whose.judgement.verdicts if one.gate not in TIMED] for whose in (far, local))
    assert said == words
    assert [verdict.gate for verdict in far.judgement.verdicts][:2] == ["answers_sanely", "above_bar"]


def test_two_workers_train_another_model_on_the_same_features_and_it_passes_the_same_gates(
    done: dict[str, Done], server: ConnectServer
) -> None:
    """Features, rows and what does not learn stay equal to the byte; the model is as good, and its bytes are others."""
    one, made = done["spark"].trained, done["spark"].made
    assert Counter(server.stages())[1, True] == 1, "one worker trained"
    connection = spark(server.port, 2)
    (run,) = made.run({"train": {"device": "cpu", "force": True}}, AIRFLOW_CONN_EVERFIT_SPARK=connection)
    two = Trained.by(made, run)
    assert Counter(server.stages())[2, True] == 1, "two workers trained together"
    assert two.features == one.features
    assert two.model != one.model
    assert two.evaluation.metrics["baseline"] == one.evaluation.metrics["baseline"]
    auc = one.evaluation.metrics["candidate"]["auc"]
    assert two.evaluation.metrics["candidate"]["auc"] == pytest.approx(auc, abs=0.02)
    outcomes = [[(verdict.gate, verdict.outcome) for verdict in made.judgement.verdicts] for made in (one, two)]
    assert outcomes[0] == outcomes[1]


def test_it_was_spark_that_looked_at_columns_and_batches(done: dict[str, Done], server: ConnectServer) -> None:
    """By Spark's own log: a task for each column of a delivery's flights, and one for each batch of the window."""
    tasks = Counter(server.stages())
    suite = json.loads((MODELS / MODEL / "expectations/flights.json").read_text())
    columns = {one["kwargs"]["column"] for one in suite["expectations"] if "column" in one["kwargs"]}
    assert tasks[len(columns) + 1, False] == len(MONTHS), "the one more: several columns together"
    assert tasks[len(MONTHS) - 1, False] == 3, "to look at the inputs, to tell training from holdout, to make features"
