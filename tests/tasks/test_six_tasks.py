"""Each task from landed flights to an answer of the model server, through the steps that Airflow runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import mlflow as vendor
import numpy as np
import pandas as pd
import pytest

from everfit import catalog
from everfit.gates import Evidence
from everfit.ledger.entries import RunTriggered
from everfit.predictor import Predictor
from everfit.registry import MlflowRegistry
from everfit.spec import MonitorSpec
from everfit.spec.building import gate_from
from everfit.spec.usual import usual_gates
from everfit.steps.build_features import build_features
from everfit.steps.deploy import deploy
from everfit.steps.evaluate import evaluate
from everfit.steps.judge import judge
from everfit.steps.monitor import monitor
from everfit.steps.monitored_rows import BY_GROUP
from everfit.steps.register import register
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of
from everfit.steps.train import train
from everfit.targets.everfit_server import EverfitServer
from everfit.values import Candidate, Evaluation, Judgement, Outcome, Verdict, dump, load, numbers
from tests.services import shared_mlflow, shared_model_server
from tests.tasks.six import TASKS, spec_of
from tests.workshop import Workshop, open_workshop

CLIENT = httpx.Client(trust_env=False, timeout=60)
COLUMNS = {"multiclass": ("late", "on time", "very late"), "quantile": ("0.1", "0.5", "0.9")}


@dataclass
class Life:
    """One model, trained as often as a test wants."""

    workshop: Workshop

    def trained(self, run: str, until: str | None = None) -> tuple[Candidate, Evaluation, Judgement]:
        ports, spec = self.workshop.ports, self.workshop.spec
        triggered: RunTriggered = resolve(ports, spec, TrainRequest(run, "test", until=until, forced=True))
        snapshot = snapshot_of(spec, triggered)
        features = build_features(ports, spec, snapshot)
        candidate = train(ports, spec, snapshot, features, run, "cpu", print)
        evaluation = evaluate(ports, spec, snapshot, features, candidate, print)
        return candidate, evaluation, judge(ports, spec, evaluation)

    def evidence(self, evaluation: Evaluation) -> Evidence:
        return Evidence.from_frame(pd.read_parquet(self.workshop.ports.store.local_file(evaluation.evidence)))

    def predictor(self, candidate: Candidate) -> Predictor:
        return Predictor.load(self.workshop.ports.registry.model_files(candidate.mlflow_run, candidate.files))

    def crown(self, judgement: Judgement) -> int:
        ports, spec = self.workshop.ports, self.workshop.spec
        version = register(ports, spec, judgement).version
        deploy(ports, spec, version, uuid4().hex, print)
        return version


def life_of(task: str, months: Sequence[Path], root: Path, **changes: Any) -> Life:
    mlflow, server = shared_mlflow(), shared_model_server()
    workshop = open_workshop(root, [], registry=MlflowRegistry(mlflow.url, root / "mlflow"))
    workshop = replace(
        workshop,
        spec=spec_of(task, root / f"{task}_{uuid4().hex[:8]}", **changes),
        ports=replace(workshop.ports, target=EverfitServer(server.url)),
    )
    for month in months:
        workshop.accept(month)
    return Life(workshop)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_lives_from_the_landing_place_to_an_answer(task: str, months: Sequence[Path], tmp_path: Path) -> None:
    life = life_of(task, months, tmp_path)
    spec, ports = life.workshop.spec, life.workshop.ports
    candidate, evaluation, judged = life.trained("first", until="2013-02")
    assert judged.promote, judged.reason
    version = life.crown(judged)
    predictor, evidence = life.predictor(candidate), life.evidence(evaluation)
    assert predictor.card.scores == COLUMNS.get(task, ()) == evidence.columns
    assert evidence.candidate.shape == (evaluation.holdout_rows, len(COLUMNS[task])) if task in COLUMNS else True

    rows = json.loads(ports.store.local_file(evaluation.sample).read_bytes())["rows"][:5]
    said = CLIENT.post(f"{shared_model_server().url}/predict", json={"model": spec.name, "rows": rows}).json()
    assert said["version"] == version
    offline = predictor.answers(pd.DataFrame(rows))
    both = ([numbers(answer) for answer in answers] for answers in (said["predictions"], offline))
    np.testing.assert_allclose(*both, rtol=1e-6)
    assert [tuple(one) if isinstance(one, dict) else () for one in said["predictions"]] == [COLUMNS.get(task, ())] * 5

    assert signature(spec.name) == list(COLUMNS.get(task, ()))

    _, second, judged = life.trained("second")
    against = life.evidence(second)
    assert against.champion is not None
    assert set(second.metrics) == {"candidate", "champion", "baseline"}
    assert judged.promote, judged.reason
    for kept in (evidence, against):
        said_by = {verdict.gate: verdict for verdict in (gate_from(one).judge(kept) for one in usual_gates(task))}
        assert all(load(Verdict, dump(verdict)) == verdict for verdict in said_by.values())
        assert {said_by[name].outcome for name in ("answers_sanely", "beats_baseline")} == {Outcome.PASSED}, said_by

    assert_watched(life)


def assert_watched(life: Life) -> None:
    """The champion of the first two months, looked at in the third: each monitor says something, and nothing broke."""
    ports, spec = life.workshop.ports, life.workshop.spec
    look = monitor(ports, spec.model_copy(update={"monitor": MonitorSpec(of="batches")}), print)
    assert look is not None
    said_by = {signal.monitor: signal for signal in look.body.signals}
    assert set(said_by) == set(catalog.monitors())
    assert look.body.rows > look.body.labelled > 0.9 * look.body.rows
    assert {said_by[name].outcome for name in ("data_quality", "attribution_drift", "prediction_drift")} == {
        Outcome.PASSED
    }
    by_labels = ("quality", "label_drift", "concept_drift", "estimated_quality", "segments")
    assert {said_by[name].effect is not None for name in by_labels} == {spec.task not in BY_GROUP}, said_by
    assert {signal.monitor for signal in look.body.harmful} <= {"calibration_drift"}, said_by
    assert ports.store.read(look.body.report).startswith(b"<!doctype html>")


def signature(model: str) -> list[str]:
    """What MLflow says of the champion's answers."""
    vendor.set_tracking_uri(shared_mlflow().url)
    try:
        outputs = vendor.models.get_model_info(f"models:/{model}@champion").signature.outputs
    finally:
        vendor.set_tracking_uri(None)
    return outputs.input_names() if outputs.has_input_names() else []


def test_the_champions_scores_belong_to_the_same_rows(months: Sequence[Path], tmp_path: Path) -> None:
    """A ranking puts the rows of a group side by side: the champion's scores, made of raw rows, must follow."""
    life = life_of("ranking", months, tmp_path)
    _, _, judged = life.trained("first", until="2013-02")
    life.crown(judged)
    _, second, _ = life.trained("second")
    evidence = life.evidence(second)
    assert evidence.groups is not None
    assert (np.diff(evidence.groups) >= 0).all()
    assert np.corrcoef(evidence.champion, evidence.candidate)[0, 1] > 0.9
    assert np.corrcoef(evidence.champion, evidence.y)[0, 1] > 0.6
