"""A training whose numbers make no sense is ended; a healthy one never is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from everfit.errors import TrainingFailed
from everfit.models import Algorithm, Round, Rows, Trained, Training, whole
from everfit.models.constant import Constant
from everfit.models.lightgbm import LightGBM
from everfit.models.xgboost import XGBoost
from everfit.steps.health import check_answers, watch_health
from everfit.testing.algorithms import problem, terms


def go(algorithm: Algorithm, data: Training) -> Trained:
    """Train as the training step does."""
    train = whole(data.train)
    largest = float(np.abs(train.labels).max())
    trained = algorithm.fit(data, terms(each_round=watch_health(largest)))
    check_answers(algorithm, trained, np.concatenate([train.matrix, data.holdout.matrix]), largest)
    return trained


def some(seed: int, rows: int, task: str) -> Training:
    """Rows of which nothing is known beforehand: few or many columns, signal or none, rare events, units of any size,
    heavy tails, a holdout unlike the training."""
    random = np.random.default_rng(seed)
    columns = int(random.integers(1, 8))
    matrix = random.normal(size=(2 * rows, columns)).astype(np.float32)
    signal = matrix[:, 0] * random.choice([0.0, 0.3, 3.0]) + random.normal(size=2 * rows)
    if task == "binary":
        labels = signal > np.quantile(signal, random.choice([0.05, 0.5, 0.9, 0.95]))
    else:
        tails = random.standard_t(2, 2 * rows) if random.random() < 0.5 else 0.0
        labels = (signal + tails + random.choice([0.0, 100.0])) * 10.0 ** random.integers(-2, 7)
    labels = labels.astype(np.float32)
    if random.random() < 0.3:
        labels[rows:] = random.permutation(labels[rows:])[::-1]
    weights = random.random(2 * rows).astype(np.float32) if random.random() < 0.3 else None
    block = Rows(matrix, labels, weights)
    names = [f"x{place}" for place in range(columns)]
    return Training(task, names, ["q"] * columns, block.take(slice(rows)), block.take(slice(rows, None)))


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_healthy_training_is_never_stopped(task: str) -> None:
    for seed in range(40):
        random = np.random.default_rng(seed)
        data = some(seed, int(random.choice([400, 900])), task)
        share = float(random.choice([0.05, 0.3, 1.0]))
        settings: dict[str, Any] = {"rounds": 40, "learning_rate": share, "subsample": float(random.choice([0.5, 1.0]))}
        go(XGBoost(max_depth=int(random.choice([2, 8])), min_child_weight=0.1, **settings), data)
        go(LightGBM(min_child_samples=2, reg_lambda=1.0, **settings), data)


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass", "quantile"])
def test_the_constant_is_healthy(task: str) -> None:
    go(Constant(), problem(task))


def test_labels_too_large_to_be_squared_are_told_with_what_to_do() -> None:
    data = problem("regression")
    huge = replace(data, train=replace(data.train, labels=data.train.labels * np.float32(1e25)))
    with pytest.raises(TrainingFailed, match=r"train_rmse is inf in round 1 of 100 .*give them in other units"):
        go(XGBoost(), huge)


@pytest.mark.parametrize(
    ("wild", "seed"),
    [
        (XGBoost(rounds=300, learning_rate=1.0, reg_lambda=0.0, min_child_weight=0.0, max_depth=2), 2),
        (LightGBM(rounds=300, learning_rate=1.0, min_child_samples=2), 4),
    ],
    ids=["xgboost", "lightgbm"],
)
def test_an_exploding_loss_is_stopped(wild: Algorithm, seed: int) -> None:
    """Newton steps without anything that holds them back, on events so rare that the loss is steep."""
    random = np.random.default_rng(seed)
    rows = Rows(random.normal(size=(2000, 3)).astype(np.float32), (random.random(2000) < 0.02).astype(np.float32))
    with pytest.raises(
        TrainingFailed, match=r"train_logloss grew from 0\.\d+ to \d\S+ by .*, wanted less than 5; lower"
    ):
        go(wild, Training("binary", "abc", "qqq", rows, rows))


@pytest.mark.parametrize(
    "held_back",
    [XGBoost(min_child_weight=1e6), XGBoost(extra={"gamma": 1e9}), LightGBM(min_child_samples=5000)],
    ids=["weight", "gamma", "samples"],
)
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_model_that_answers_every_row_alike_is_no_model(held_back: Algorithm, task: str) -> None:
    with pytest.raises(TrainingFailed, match=r"answers each of 2,400 rows with .*, because no tree could be split"):
        go(held_back, problem(task))


def test_labels_too_small_to_gain_from_are_told_with_what_to_do() -> None:
    data = problem("regression")
    tiny = replace(
        data,
        train=replace(data.train, labels=data.train.labels * np.float32(1e-6)),
        holdout=replace(data.holdout, labels=data.holdout.labels * np.float32(1e-6)),
    )
    with pytest.raises(TrainingFailed, match=r"labels no larger than 4.62e-06 leave nothing to gain.*other units"):
        go(XGBoost(), tiny)


def test_rows_that_are_alike_may_be_answered_alike() -> None:
    data = problem("regression")
    alike = Rows(np.full((100, 4), np.nan, np.float32), data.train.labels[:100])
    go(XGBoost(rounds=3), replace(data, train=alike, holdout=alike))


def test_an_auc_that_one_label_leaves_undefined_is_no_illness() -> None:
    data = problem("binary")
    ones = data.holdout.take(np.flatnonzero(data.holdout.labels == 1))
    go(XGBoost(rounds=5), replace(data, holdout=ones))


def rounds(*metrics: Mapping[str, float]) -> list[Round]:
    return [Round(done, 9, one) for done, one in enumerate(metrics, 1)]


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (rounds({"train_rmse": nan}), "train_rmse is nan in round 1 of 9"),
        (rounds({"train_rmse": 1.0}, {"train_rmse": nan}), "train_rmse is nan in round 2 of 9 .in the first: 1"),
        (rounds({"train_auc": nan, "train_logloss": inf}), "train_auc is nan in round 1"),
        (rounds({"train_mae": 1.0, "train_rmse": inf}), "train_rmse is inf in round 1"),
        (rounds({"train_loss": -7.0}, {"train_loss": 36.0}), "grew from -7 to 36 by round 2 of 9, wanted less than 35"),
    ],
)
def test_what_is_ill(told: list[Round], wanted: str) -> None:
    watch = watch_health(1.0)

    def tell() -> None:
        for one in told:
            watch(one)

    with pytest.raises(TrainingFailed, match=wanted):
        tell()


def test_the_holdout_may_get_worse() -> None:
    """That is overfitting: the gates' business."""
    watch = watch_health(1.0)
    for one in rounds({"train_logloss": 0.5, "holdout_logloss": 0.5}, {"train_logloss": 0.0, "holdout_logloss": 30.0}):
        watch(one)


def test_a_model_that_answers_with_no_number_is_no_model() -> None:
    class Broken(XGBoost):
        @staticmethod
        def load(path: Any) -> Any:
            class Scorer:
                def predict(self, matrix: Any) -> Any:
                    return np.where(np.arange(len(matrix)) < 3, np.nan, 0.5)

            return Scorer()

    data = problem("binary")
    with pytest.raises(TrainingFailed, match="3 of 1,200 answers are not finite numbers"):
        check_answers(Broken(), XGBoost(rounds=1).fit(data, terms()), whole(data.train).matrix, 1.0)
