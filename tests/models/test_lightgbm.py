"""LightGBM behind our words: its own settings, its errors, and a model file that is looked at before it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from everfit.errors import Corrupted, NoGpu, SpecError
from everfit.models import Stop
from everfit.models.lgb.data import check_fits
from everfit.models.lightgbm import LightGBM
from everfit.spec.building import build
from everfit.testing.algorithms import problem, terms


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[bytes], Path]:
    def save(model: bytes) -> Path:
        (tmp_path / "model.lgb").write_bytes(model)
        return tmp_path / "model.lgb"

    return save


def test_curves_end_where_the_saved_model_stands(saved: Callable[[bytes], Path]) -> None:
    data = problem("binary")
    trained = LightGBM(rounds=30).fit(data, terms())
    scores = LightGBM.load(saved(trained.model)).predict(data.holdout.matrix)
    assert trained.curves["holdout_auc"][-1] == pytest.approx(roc_auc_score(data.holdout.labels, scores), abs=1e-6)
    assert trained.curves["holdout_logloss"][-1] == pytest.approx(log_loss(data.holdout.labels, scores), abs=1e-6)
    assert trained.curves["holdout_auc"][-1] > 0.95


def test_what_matters_is_told_apart_from_noise() -> None:
    shares = LightGBM(rounds=20).fit(problem("binary"), terms()).importance
    assert min(shares["x"], shares["kind"]) > 5 * shares["noise"]


def test_early_stopping_keeps_the_best_round_of_its_part() -> None:
    data = problem("binary")
    half = data.train.rows // 2
    train, newest = data.train.take(slice(half)), data.train.take(slice(half, None))
    stopped = LightGBM(rounds=400, learning_rate=0.5).fit(replace(data, train=train, stop=Stop(newest, 5)), terms())
    seen = stopped.curves["stop_logloss"]
    assert stopped.rounds == int(np.argmin(seen)) + 1
    assert len(seen) == stopped.rounds + 5 < 400
    kept = LightGBM(rounds=stopped.rounds, learning_rate=0.5).fit(replace(data, train=train), terms())
    assert kept.model == stopped.model


def test_rounds_end_when_no_tree_can_be_split() -> None:
    data = problem("regression")
    trained = LightGBM(rounds=50, extra={"min_gain_to_split": 1e12}).fit(data, terms())
    assert trained.rounds == len(trained.curves["holdout_rmse"]) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rounds": 0}, "rounds: found 0, wanted at least 1"),
        ({"num_leafs": 6}, "num_leafs: there is no such setting; did you mean 'num_leaves'"),
        ({"extra": {"eta": 0.3}}, "extra.eta: this is the setting 'learning_rate'"),
        ({"extra": {"lambda_l2": 3}}, "extra.lambda_l2: this is the setting 'reg_lambda'"),
        ({"extra": {"seed": 3}}, "extra.seed: everfit sets this itself"),
    ],
)
def test_settings_are_checked_when_the_spec_is_read(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build(LightGBM, settings)


@pytest.mark.parametrize("task", sorted(LightGBM.tasks))
def test_a_parameter_that_lightgbm_does_not_know_is_refused(task: str) -> None:
    with pytest.raises(SpecError, match="has no parameter 'max_dept'"):
        LightGBM(rounds=5, extra={"max_dept": 3}).fit(problem(task), terms())


def test_a_value_that_lightgbm_refuses_is_reported_in_our_words() -> None:
    with pytest.raises(SpecError, match=r"refuses to train so: .*path_smooth.*look at train\.params"):
        LightGBM(rounds=5, extra={"path_smooth": -1}).fit(problem("binary"), terms())


def test_more_of_its_own_parameters_can_be_given() -> None:
    data = problem("binary")
    plain, shallow = (LightGBM(rounds=5, extra=extra).fit(data, terms()) for extra in ({}, {"max_depth": 2}))
    assert len(shallow.model) < len(plain.model)


def test_a_gpu_is_refused_and_auto_takes_the_cpu() -> None:
    data = problem("binary")
    assert LightGBM(rounds=1).fit(data, replace(terms(), device="auto")).device == "cpu"
    with pytest.raises(NoGpu, match=r"cuda:1.*the algorithm lightgbm trains on the CPU only"):
        LightGBM(rounds=1).fit(data, replace(terms(), device="cuda:1"))


def test_rows_that_do_not_fit_into_memory_are_refused_with_what_else_to_do() -> None:
    train = problem("binary").train
    check_fits(train, 4, 0)
    check_fits(train, 4, train.rows * (4 * 5 + 24))
    with pytest.raises(SpecError, match=r"1,200 rows in about 0 MiB.*train with xgboost"):
        LightGBM().fit(problem("binary"), replace(terms(), memory=1000))


def test_a_model_with_a_tree_cut_out_is_never_read(saved: Callable[[bytes], Path]) -> None:
    """LightGBM itself would end the process."""
    model = LightGBM(rounds=5).fit(problem("binary"), terms()).model
    begin, end = model.index(b"Tree=2"), model.index(b"Tree=3")
    with pytest.raises(Corrupted, match=r"model\.lgb is not a whole LightGBM model: tree 2 is not where it should be"):
        LightGBM.load(saved(model[:begin] + model[end:]))
    with pytest.raises(Corrupted, match="it does not begin as one"):
        LightGBM.load(saved(model.replace(b"tree_sizes", b"tree_size")))


def test_any_seed_is_taken() -> None:
    data = problem("binary")
    drawn = LightGBM(rounds=3, subsample=0.5)
    one, other = (drawn.fit(data, terms(seed=seed)).model for seed in (2**40, 2**40 + 1))
    assert one != other
