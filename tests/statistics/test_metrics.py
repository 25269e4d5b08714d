"""Losses and metrics: equal to scikit-learn's, with influences that tell what leaving a row out does."""

import numpy as np
import pytest
from sklearn import metrics as reference

from everfit.statistics import losses, metrics
from everfit.statistics.paired import loss_difference
from everfit.statistics.truth import Truth

RNG = np.random.default_rng(1)
Y = (RNG.random(400) < 0.3).astype(float)
P = np.clip(0.3 * Y + RNG.random(400) * 0.7, 0.01, 0.99)
T = RNG.gamma(2, 20, 400)
F = T + RNG.normal(0, 9, 400)
DAY = np.arange(400) // 20


@pytest.mark.parametrize(
    ("metric", "y", "scores", "wanted"),
    [
        ("auc", Y, P, reference.roc_auc_score(Y, P)),
        ("log_loss", Y, P, reference.log_loss(Y, P)),
        ("brier", Y, P, reference.brier_score_loss(Y, P)),
        ("accuracy", Y, P, reference.accuracy_score(Y, P >= 0.5)),
        ("mae", T, F, reference.mean_absolute_error(T, F)),
        ("rmse", T, F, reference.root_mean_squared_error(T, F)),
        ("r2", T, F, reference.r2_score(T, F)),
    ],
)
def test_values_are_scikit_learns_and_influences_are_first_differences(metric, y, scores, wanted):
    found = metrics.measure(metric, Truth(y), scores)
    assert found.value == pytest.approx(wanted, rel=1e-10)
    assert found.influence.sum() == pytest.approx(0, abs=1e-9)
    left_out = np.arange(0, 400, 37)
    change = [
        found.value - metrics.measure(metric, Truth(np.delete(y, i)), np.delete(scores, i)).value for i in left_out
    ]
    np.testing.assert_allclose(found.influence[left_out], change, rtol=0.05, atol=abs(wanted) * 2e-5)


def test_table_has_every_metric_of_the_task():
    assert set(metrics.table("binary", Truth(Y), P)) == {"auc", "log_loss", "brier", "accuracy"}
    assert set(metrics.table("regression", Truth(T), F)) == {"mae", "rmse", "r2"}


def test_table_leaves_out_what_a_constant_label_has_no_value_for():
    assert set(metrics.table("binary", Truth(np.ones(400)), P)) == {"log_loss", "brier", "accuracy"}


def test_a_perfect_forecast_has_no_error_and_no_doubt():
    found = metrics.measure("rmse", Truth(T), T)
    assert found.value == 0
    assert not found.influence.any()


def test_sure_and_wrong_costs_much_and_not_infinity():
    assert losses.per_row("log_loss", Truth(np.array([1.0, 0.0])), np.array([0.0, 1.0])) == pytest.approx(
        [34.54, 34.54], abs=0.01
    )


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="there is no loss 'hinge'"):
        losses.per_row("hinge", Truth(Y), P)
    with pytest.raises(ValueError, match="there is no metric 'f1'"):
        metrics.measure("f1", Truth(Y), P)


@pytest.mark.parametrize("loss", ["log_loss", "brier", "zero_one"])
def test_a_difference_turns_its_sign_with_its_sides(loss):
    other = np.clip(P + RNG.normal(0, 0.2, 400), 0.01, 0.99)
    one, two = loss_difference(loss, Truth(Y), P, other, DAY), loss_difference(loss, Truth(Y), other, P, DAY)
    assert (one.value, one.low, one.high) == pytest.approx((-two.value, -two.high, -two.low), abs=1e-12)


def test_equal_scores_differ_by_nothing_for_certain():
    same = loss_difference("log_loss", Truth(Y), P, P, DAY)
    assert (same.low, same.value, same.high) == (0, 0, 0)
