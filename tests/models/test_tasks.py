"""What XGBoost learns for each task, and what it is told not to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from everfit.errors import SpecError, TrainingFailed, UnknownName
from everfit.models import Rows, Scorer, Terms, Trained, Training, sample
from everfit.models.objectives import load_objective, names_in
from everfit.models.xgb.rounds import CHUNK
from everfit.models.xgboost import XGBoost
from everfit.spec.building import build
from everfit.statistics.metrics import measure
from everfit.statistics.truth import Truth
from tests.models.test_going_on import Shelf, interrupted, undisturbed

ROWS = 2000
NAMES, KINDS = ["distance", "hour", "carrier"], ["q", "q", "c"]
TERMS = Terms("cpu", 0, lambda _: None)


def make(task: str, seed: int = 1, **more: Any) -> Training:
    """A number that rises with distance and, on the whole, falls with the hour."""
    rng = np.random.default_rng(seed)
    matrix = np.column_stack([rng.random(ROWS), rng.random(ROWS), rng.integers(0, 3, ROWS)]).astype(np.float32)
    number = 20 * matrix[:, 0] - 10 * matrix[:, 1] + 3 * np.sin(30 * matrix[:, 0]) + rng.normal(0, 2, ROWS)
    groups = np.repeat(np.arange(ROWS // 20), 20) if task == "ranking" else None
    observed = rng.random(ROWS) < 0.7 if task == "survival" else None
    labels = {
        "binary": (number > 5).astype(float),
        "multiclass": np.digitize(number, [0, 8]).astype(float),
        "ranking": np.maximum(number, 0),
        "survival": np.exp(number / 5),
    }.get(task, number)
    rows = Rows(matrix, labels.astype(np.float32), groups=groups, observed=observed)
    half = ROWS // 2
    return Training(task, NAMES, KINDS, rows.take(slice(half)), rows.take(slice(half, None)), **more)


def fit(data: Training, tmp_path: Path, **settings: Any) -> tuple[Trained, Scorer]:
    trained = XGBoost(**({"rounds": 30, "max_depth": 4} | settings)).fit(data, TERMS)
    (tmp_path / "model.ubj").write_bytes(trained.model)
    return trained, XGBoost.load(tmp_path / "model.ubj")


@pytest.mark.parametrize(
    ("task", "more", "metric", "least"),
    [
        ("binary", {}, "auc", 0.9),
        ("multiclass", {"classes": ("a", "b", "c")}, "accuracy", 0.7),
        ("regression", {}, "r2", 0.8),
        ("quantile", {"quantiles": (0.1, 0.5, 0.9)}, "coverage", 0.6),
        ("ranking", {}, "ndcg", 0.9),
        ("survival", {}, "concordance", 0.85),
    ],
)
def test_each_task_is_learnt_and_the_curve_tells_it(
    task: str, more: dict[str, Any], metric: str, least: float, tmp_path: Path
) -> None:
    data = make(task, **more)
    trained, scorer = fit(data, tmp_path)
    held = data.holdout
    truth = Truth(held.labels.astype(float), held.groups, held.observed, data.quantiles)
    scores = scorer.predict(held.matrix)
    assert measure(metric, truth, scores).value > least
    told = {"ranking": "ndcg_at_10", "quantile": "pinball", "survival": "aft_nloglik", "multiclass": "log_loss"}
    if task in told:
        last = [curve[-1] for name, curve in trained.curves.items() if name.startswith("holdout_")][-1]
        assert last == pytest.approx(measure(told[task], truth, scores).value, rel=1e-3)


def test_a_single_quantile_is_learnt_too(tmp_path: Path) -> None:
    data = make("quantile", quantiles=(0.9,))
    scores = fit(data, tmp_path)[1].predict(data.holdout.matrix)
    assert scores.size == data.holdout.rows


def test_weights_move_the_model_and_not_its_curves(tmp_path: Path) -> None:
    data = make("regression")
    low = data.train.labels < 5
    heavy = replace(data, train=replace(data.train, weights=np.where(low, 0.01, 2.0).astype(np.float32)))
    plain, weighted = (fit(one, tmp_path)[1].predict(data.holdout.matrix) for one in (data, heavy))
    assert weighted.mean() > plain.mean() + 1
    trained, scorer = fit(heavy, tmp_path)
    error = np.abs(scorer.predict(data.holdout.matrix) - data.holdout.labels).mean()
    assert trained.curves["holdout_mae"][-1] == pytest.approx(error, rel=1e-4)


def test_the_weight_of_a_group_is_the_mean_of_its_rows(tmp_path: Path) -> None:
    data = make("ranking")
    flat = replace(data, train=replace(data.train, weights=np.ones(data.train.rows, np.float32)))
    assert fit(flat, tmp_path)[0].model == fit(data, tmp_path)[0].model
    some = replace(data, train=replace(data.train, weights=np.where(data.train.groups < 9, 4, 1).astype(np.float32)))
    assert fit(some, tmp_path)[0].model != fit(data, tmp_path)[0].model


@pytest.mark.parametrize(("name", "place", "sign"), [("distance", 0, 1), ("hour", 1, -1)])
def test_a_monotone_answer_never_turns(name: str, place: int, sign: int, tmp_path: Path) -> None:
    data = make("regression")
    ladder = np.tile(data.holdout.matrix[:100, None, :], (1, 50, 1))
    ladder[:, :, place] = np.linspace(0, 1, 50)

    def steps(**settings: Any) -> np.ndarray:
        scores = fit(data, tmp_path, **settings)[1].predict(ladder.reshape(-1, 3).astype(np.float32))
        return sign * np.diff(scores.reshape(100, 50), axis=1)

    assert (steps() < -1e-6).any()
    assert (steps(monotone={name: "rising" if sign > 0 else "falling"}) >= -1e-6).all()


def test_features_of_two_groups_do_not_meet(tmp_path: Path) -> None:
    data = make("regression")
    scorer = fit(data, tmp_path, interactions=(("distance",), ("hour", "carrier")))[1]

    def effect(hour: float) -> np.ndarray:
        rows = np.array([[d, hour, 1] for d in np.linspace(0, 1, 20)], np.float32)
        scores = scorer.predict(rows)
        return scores - scores[0]

    np.testing.assert_allclose(effect(0.1), effect(0.9), atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"monotone": {"distanc": "rising"}}, "feature for train.params.monotone 'distanc'; did you mean 'distance'"),
        ({"interactions": (("hour", "carier"),)}, "train.params.interactions 'carier'; did you mean 'carrier'"),
    ],
)
def test_a_feature_that_there_is_not_is_refused(settings: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=says):
        fit(make("regression"), tmp_path, **settings)


def test_a_category_has_no_direction(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"'carrier' is a category, which has no order to be rising in"):
        fit(make("regression"), tmp_path, monotone={"carrier": "rising"})


@pytest.mark.parametrize("objective", ["reg:absoluteerror", "reg:pseudohubererror"])
def test_another_objective_of_xgboosts(objective: str, tmp_path: Path) -> None:
    data = make("regression")
    usual, other = fit(data, tmp_path)[0].model, fit(data, tmp_path, objective=objective)[0].model
    assert usual != other


@pytest.mark.parametrize(
    ("task", "name", "says"),
    [
        ("regression", "reg:tweedy", "no objective for the task regression 'reg:tweedy'; did you mean 'reg:tweedie'"),
        ("survival", "survival:cox", "no objective for the task survival 'survival:cox'"),
        ("ranking", "mine", "'mine', can be the objective for binary, multiclass, regression, and the task is ranking"),
    ],
)
def test_an_objective_that_does_not_answer_the_task_is_refused(task: str, name: str, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        XGBoost(objective=name).check(task)


OWN = """
import numpy as np

def squared(predictions, labels):
    return predictions - labels, np.ones_like(predictions)

def likely(predictions, labels):
    p = 1 / (1 + np.exp(-predictions))
    return p - labels, p * (1 - p)

def softly(predictions, labels):
    p = np.exp(predictions - predictions.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p - (np.arange(p.shape[1]) == labels[:, None]), 2 * p * (1 - p)

def short(predictions, labels):
    return predictions[:3], predictions

def wild(predictions, labels):
    return predictions * np.nan, predictions

def broken(predictions, labels):
    return labels["x"]
"""


@pytest.mark.parametrize(
    ("task", "name", "more"),
    [("regression", "squared", {}), ("binary", "likely", {}), ("multiclass", "softly", {"classes": ("a", "b", "c")})],
)
def test_a_function_of_ones_own_does_what_xgboosts_does(
    task: str, name: str, more: dict[str, Any], tmp_path: Path
) -> None:
    """The same loss written by hand gives nearly the same scores: probabilities where they are due, weights too."""
    (tmp_path / "objectives.py").write_text(OWN)
    data = make(task, **more)
    data = replace(data, train=replace(data.train, weights=np.linspace(0.5, 1.5, data.train.rows, dtype=np.float32)))
    usual = fit(data, tmp_path, rounds=60)[1].predict(data.holdout.matrix)
    own = replace(data, objective=load_objective(tmp_path / "objectives.py", name))
    again = fit(own, tmp_path, rounds=60, objective=name)[1].predict(data.holdout.matrix)
    assert again.shape == usual.shape
    assert np.corrcoef(again.ravel(), usual.ravel())[0, 1] > 0.995
    assert np.abs(again - usual).mean() < 0.05 * np.ptp(usual)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("short", r"short\(\) gave a gradient of shape \(3,\) for predictions of shape \(1000,\)"),
        ("broken", r"broken\(\) failed with IndexError"),
    ],
)
def test_what_is_wrong_with_it_is_told(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "objectives.py").write_text(OWN)
    data = replace(make("regression"), objective=load_objective(tmp_path / "objectives.py", name))
    with pytest.raises(SpecError, match=says):
        fit(data, tmp_path, objective=name)


def test_numbers_that_are_not_finite_end_the_training_and_are_no_mistake_in_the_spec(tmp_path: Path) -> None:
    (tmp_path / "objectives.py").write_text(OWN)
    data = replace(make("regression"), objective=load_objective(tmp_path / "objectives.py", "wild"))
    with pytest.raises(TrainingFailed, match=r"wild\(\) gave a gradient with numbers that are not finite"):
        fit(data, tmp_path, objective="wild")


def test_the_file_is_read_and_not_run_to_see_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "objectives.py"
    path.write_text("raise SystemExit\n\ndef mine(predictions, labels): ...\ndef _ours(): ...\n")
    assert names_in(path) == ["mine"]
    path.write_text("def mine(:\n")
    with pytest.raises(SpecError, match=r"objectives.py:1: the file does not load"):
        names_in(path)
    path.write_text(OWN)
    with pytest.raises(UnknownName, match=r"'sqared'; did you mean 'squared'"):
        load_objective(path, "sqared")


@pytest.mark.parametrize("name", ["monotone_constraints", "num_class", "quantile_alpha", "objective"])
def test_what_has_a_setting_or_follows_from_the_task_is_no_extra(name: str) -> None:
    with pytest.raises(Exception, match=r"write it there|everfit sets this itself"):
        build(XGBoost, {"extra": {name: 1}})


@pytest.mark.parametrize(
    ("task", "name", "more"),
    [
        ("multiclass", "softly", {"classes": ("a", "b", "c")}),
        ("regression", "squared", {}),
        ("quantile", "", {"quantiles": (0.1, 0.9)}),
        ("ranking", "", {}),
        ("survival", "", {}),
    ],
)
def test_after_a_crash_the_model_of_each_task_has_the_bytes_of_an_undisturbed_one(
    task: str, name: str, more: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "objectives.py").write_text(OWN)
    data = make(task, **more)
    if name:
        data = replace(data, objective=load_objective(tmp_path / "objectives.py", name))
    algorithm = XGBoost(rounds=2 * CHUNK + 5, subsample=0.7, colsample_bytree=0.7, objective=name)
    found, said = interrupted(algorithm, data, CHUNK + 3, 2 * CHUNK + 1)
    assert found.model == undisturbed(algorithm, data).model
    assert any(f"going on from round {2 * CHUNK}" in line for line in said)


def test_another_function_does_not_go_on_from_the_rounds_of_this_one(tmp_path: Path) -> None:
    (tmp_path / "objectives.py").write_text(OWN)
    data = replace(make("regression"), objective=load_objective(tmp_path / "objectives.py", "squared"))
    (tmp_path / "objectives.py").write_text(OWN + "\n# changed\n")
    other = replace(data, objective=load_objective(tmp_path / "objectives.py", "squared"))
    algorithm, shelf = XGBoost(rounds=CHUNK + 5, objective="squared"), Shelf()
    algorithm.fit(data, Terms("cpu", 7, lambda _: None, checkpoints=shelf))
    said: list[str] = []
    algorithm.fit(other, Terms("cpu", 7, said.append, checkpoints=shelf))
    assert not [line for line in said if "going on" in line]


def test_a_sample_of_groups_has_whole_groups() -> None:
    some = sample(make("ranking").holdout, 100)
    assert 60 <= some.rows <= 140
    assert set(np.unique(some.groups, return_counts=True)[1]) == {20}
