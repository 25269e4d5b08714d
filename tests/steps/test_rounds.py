"""How training is told of while it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from everfit.errors import Unreachable
from everfit.models import Round, Rows, Terms, Training, all_of
from everfit.models.xgboost import XGBoost
from everfit.registry import MlflowRegistry
from everfit.steps.rounds import Best, show_rounds, tell_rounds
from tests.services import Service


class Watch:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def ended(done: int, most: int, **metrics: float) -> Round:
    return Round(done, most, metrics or {"train_auc": 0.9, "holdout_auc": 0.7})


@pytest.mark.parametrize(("rounds", "lines"), [(3, 3), (10, 10), (57, 10)])
def test_progress_is_told_about_ten_times(rounds: int, lines: int) -> None:
    said: list[str] = []
    watch = Watch()
    tell = tell_rounds(said.append, watch)
    for done in range(1, rounds + 1):
        watch.at += 0.25
        tell(ended(done, rounds))
    assert len(said) == lines
    assert said[-1] == f"round {rounds} of {rounds}: auc 0.7000 on the holdout, 4 rounds/s"
    assert "left" not in said[-1]
    assert said[-2].endswith(" left")


def test_slow_rounds_are_told_every_half_minute() -> None:
    said: list[str] = []
    watch = Watch()
    tell = tell_rounds(said.append, watch)
    for done in range(1, 100):
        watch.at += 12
        tell(ended(done, 10_000))
    assert len(said) == 33
    assert said[0] == "round 3 of 10000: auc 0.7000 on the holdout, 12 s a round, 33 h 19 min left"


def test_a_resumed_training_is_timed_from_where_it_went_on() -> None:
    said: list[str] = []
    watch = Watch()
    tell = tell_rounds(said.append, watch)
    for done in range(81, 101):
        tell(ended(done, 100))
        watch.at += 0.5
    assert said == [
        "round 90 of 100: auc 0.7000 on the holdout, 2 rounds/s, 5 s left",
        "round 100 of 100: auc 0.7000 on the holdout, 2 rounds/s",
    ]


def test_any_metric_will_do() -> None:
    said: list[str] = []
    tell = tell_rounds(said.append)
    tell(ended(1, 2, train_loss=0.25))
    tell_rounds(said.append)(Round(1, 1, {}))
    assert said == ["round 1 of 2: train_loss 0.2500", "round 1 of 1: "]


def test_several_are_told_in_order() -> None:
    heard: list[str] = []
    all_of(lambda _: heard.append("first"), lambda _: heard.append("second"))(ended(1, 1))
    assert heard == ["first", "second"]


class FakeRun:
    """Keeps what it is sent; while `away`, every call takes some seconds and fails."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.away, self.calls = watch, 0.0, 0
        self.steps: dict[str, list[int]] = {}
        self.said: list[str] = []

    def curves(self, values: Mapping[str, Sequence[float]], begin: int = 0) -> None:
        self.calls += 1
        self.watch.at += self.away
        if self.away:
            raise Unreachable("MLflow did not answer")
        for name, curve in values.items():
            self.steps.setdefault(name, []).extend(range(begin, begin + len(curve)))

    def tags(self, values: Mapping[str, str]) -> None:
        self.said += values.values()


def test_rounds_are_sent_together_every_few_seconds_and_at_the_end() -> None:
    watch, said = Watch(), []
    run: Any = FakeRun(watch)
    show = show_rounds(run, said.append, watch)
    for done in range(1, 1001):
        watch.at += 0.02
        show(ended(done, 1000))
    assert run.steps["holdout_auc"] == list(range(1000))
    assert run.calls == 5
    assert run.said[0] == "round 1 of 1000: auc 0.7000 on the holdout"
    assert run.said[-1] == "round 1000 of 1000: auc 0.7000 on the holdout, 50 rounds/s"
    assert said == []


def test_a_training_that_begins_again_is_shown_from_its_beginning() -> None:
    """As when a GPU fails in the middle, and the CPU takes over."""
    watch, said = Watch(), []
    run: Any = FakeRun(watch)
    show, tell = show_rounds(run, print, watch), tell_rounds(said.append, watch)
    for done in [*range(1, 7), *range(1, 11)]:
        watch.at += 2
        show(ended(done, 10))
        tell(ended(done, 10))
    assert run.steps["holdout_auc"] == [0, 1, 2, 3, *range(10)]
    assert said[-1].endswith("on the holdout, 2 s a round")


def test_a_server_that_is_away_is_said_once_and_costs_a_twentieth() -> None:
    watch, said = Watch(), []
    run: Any = FakeRun(watch)
    run.away = 30.0
    show = show_rounds(run, said.append, watch)
    for done in range(1, 1201):
        watch.at += 1
        show(ended(done, 1300))
    assert run.calls == 2
    run.away = 0.0
    for done in range(1201, 1301):
        watch.at += 1
        show(ended(done, 1300))
    assert said == ["MLflow does not show this training while it goes, which goes on: MLflow did not answer"]
    assert run.steps["holdout_auc"] == list(range(1300))


def test_another_client_sees_the_rounds_arrive(mlflow: Service, tmp_path: Path) -> None:
    """A real training, watched by somebody else through the real server; each step is there once."""
    from mlflow import MlflowClient

    watch, seen = Watch(), []
    client = MlflowClient(mlflow.url)
    random = np.random.default_rng(1)
    matrix = random.normal(size=(500, 3)).astype(np.float32)
    rows = Rows(matrix, (matrix[:, 0] > 0).astype(np.float32))
    data = Training("binary", "abc", "qqq", rows, rows)
    registry = MlflowRegistry(mlflow.url, tmp_path)
    with registry.run("watched", "live", "run:live") as run:

        def look(told: Round) -> None:
            watch.at += 2
            seen.append((told.done, len(client.get_metric_history(run.id, "holdout_logloss"))))

        live = show_rounds(run, print, watch)
        trained = XGBoost(rounds=20, max_depth=2).fit(data, Terms("cpu", 1, print, all_of(live, look)))
        tags = client.get_run(run.id).data.tags
        run.curves(trained.curves)
    assert [there for _, there in seen[:10]] == [1, 1, 1, 4, 4, 4, 7, 7, 7, 10]
    assert tags["everfit.progress"].startswith("round 20 of 20: auc ")
    points = client.get_metric_history(run.id, "holdout_logloss")
    assert [point.step for point in points] == list(range(20))
    assert [point.value for point in points] == list(trained.curves["holdout_logloss"])


def test_a_training_outlives_its_mlflow_and_the_curves_are_whole(mlflow: Service, tmp_path: Path) -> None:
    """The server goes away in the middle, comes back later, and has each step once."""
    from mlflow import MlflowClient

    watch, said = Watch(), []
    registry = MlflowRegistry(mlflow.url, tmp_path)
    with registry.run("outlived", "live", "run:live") as run:
        show = show_rounds(run, said.append, watch)
        for done in range(1, 31):
            if done == 10:
                mlflow.stop()
            watch.at += 3
            show(ended(done, 30, holdout_auc=done / 30))
            if done == 12:
                mlflow.start()
        run.curves({"holdout_auc": [done / 30 for done in range(1, 31)]})
    points = MlflowClient(mlflow.url).get_metric_history(run.id, "holdout_auc")
    assert [point.step for point in points] == list(range(30))
    assert len(said) == 1
    assert "did not answer when asked to log metrics" in said[0]


@pytest.mark.parametrize(
    ("curve", "metric", "value", "at"),
    [
        ({"holdout_ndcg@10": [0.5, 0.8, 0.7]}, "ndcg@10", -0.8, 2),
        ({"holdout_auc": [0.5, 0.8, 0.9], "holdout_logloss": [0.6, 0.4, 0.5]}, "logloss", 0.4, 2),
        ({"holdout_aft-nloglik": [3.0, 2.0, 1.0]}, "aft-nloglik", 1.0, 3),
    ],
)
def test_the_best_round_is_the_one_with_the_least_loss_or_the_best_order(
    curve: dict[str, list[float]], metric: str, value: float, at: int
) -> None:
    best = Best()
    for done in range(1, 4):
        best(Round(done, 3, {name: values[done - 1] for name, values in curve.items()}))
    assert (best.metric, best.value, best.round) == (metric, value, at)
