"""Metrics and losses of the tasks beyond binary and regression: equal to published values and to others' code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from everfit.statistics.concordance import concordance
from everfit.statistics.constant import constant
from everfit.statistics.kaplan_meier import kaplan_meier, median_time
from everfit.statistics.losses import TASKS, mean_loss, per_row
from everfit.statistics.metrics import measure, table
from everfit.statistics.ndcg import ndcg
from everfit.statistics.truth import Truth

RNG = np.random.default_rng(4)
ROWS = 400
CLASS = RNG.integers(0, 3, ROWS).astype(float)
SHARES = RNG.dirichlet([1, 1, 1], ROWS) * 0.7 + 0.3 * (CLASS[:, None] == np.arange(3))
NUMBER = RNG.gamma(2, 20, ROWS)
LEVELS = (0.1, 0.5, 0.9)
BANDS = np.sort(NUMBER[:, None] + RNG.normal(0, 15, (ROWS, 3)) + [-20, 0, 20], axis=1)
GROUP = np.repeat(np.arange(40), 10)
RELEVANCE = RNG.integers(0, 4, ROWS).astype(float)
ORDER = RELEVANCE + RNG.normal(0, 2, ROWS)
TIME = RNG.exponential(10, ROWS).round(1) + 0.1
SEEN = RNG.random(ROWS) < 0.6
TOLD = (TIME * np.exp(RNG.normal(0, 1, ROWS))).round(1) + 0.1

# Freireich et al., Blood 21 (1963): weeks of remission of 21 patients given 6-MP; the Kaplan-Meier of every textbook.
MP = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35], float)
MP_SEEN = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], bool)


@pytest.mark.parametrize(
    ("metric", "truth", "scores", "wanted"),
    [
        ("log_loss", Truth(CLASS), SHARES, reference.log_loss(CLASS, SHARES)),
        ("accuracy", Truth(CLASS), SHARES, reference.accuracy_score(CLASS, SHARES.argmax(axis=1))),
        ("brier", Truth(CLASS), SHARES, reference.brier_score_loss(CLASS, SHARES, scale_by_half=False)),
        (
            "pinball",
            Truth(NUMBER, levels=LEVELS),
            BANDS,
            np.mean([reference.mean_pinball_loss(NUMBER, BANDS[:, i], alpha=a) for i, a in enumerate(LEVELS)]),
        ),
        (
            "ndcg",
            Truth(RELEVANCE, GROUP),
            ORDER,
            reference.ndcg_score(RELEVANCE.reshape(40, 10), ORDER.reshape(40, 10)),
        ),
    ],
)
def test_values_are_scikit_learns(metric: str, truth: Truth, scores: np.ndarray, wanted: float) -> None:
    found = measure(metric, truth, scores)
    assert found.value == pytest.approx(wanted, rel=1e-10)
    assert found.influence.sum() == pytest.approx(0, abs=1e-9)


@given(st.integers(0, 10_000), st.sampled_from([None, 1, 3, 10]))
@settings(max_examples=60, deadline=None)
def test_ndcg_is_scikit_learns_with_ties_and_groups_of_any_size(seed: int, k: int | None) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 9, 5)
    groups = np.repeat(np.arange(5), sizes)
    y, scores = rng.integers(0, 3, len(groups)).astype(float), rng.integers(0, 3, len(groups)).astype(float)
    each = [(y[groups == g], scores[groups == g]) for g in range(5)]
    wanted = [reference.ndcg_score([a], [b], k=k) for a, b in each if a.min() < a.max()]
    found = ndcg(Truth(y, groups), scores, k)
    assert (found.value == pytest.approx(np.mean(wanted))) if wanted else np.isnan(found.value)


def test_the_influence_of_a_group_is_what_leaving_it_out_does() -> None:
    found = ndcg(Truth(RELEVANCE, GROUP), ORDER)
    for group in (0, 7, 39):
        rest = group != GROUP
        without = ndcg(Truth(RELEVANCE[rest], GROUP[rest]), ORDER[rest]).value
        assert found.influence[~rest].sum() == pytest.approx(found.value - without, rel=0.05, abs=1e-5)


def brute_c(truth: Truth, scores: np.ndarray) -> float:
    right = pairs = 0.0
    for i in np.flatnonzero(truth.events):
        for j in range(truth.rows):
            if truth.y[i] < truth.y[j] or (truth.y[i] == truth.y[j] and not truth.events[j]):
                pairs += 1
                right += (scores[i] < scores[j]) + (scores[i] == scores[j]) / 2
    return right / pairs if pairs else float("nan")


@given(st.integers(0, 10_000), st.integers(2, 30))
@settings(max_examples=80, deadline=None)
def test_concordance_is_the_share_of_pairs_counted_one_by_one(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    truth = Truth(rng.integers(1, 9, rows).astype(float), observed=rng.random(rows) < 0.6)
    scores = rng.integers(0, 7, rows).astype(float)
    assert concordance(truth, scores).value == pytest.approx(brute_c(truth, scores), nan_ok=True)


def test_the_influence_of_a_row_on_concordance_is_what_leaving_it_out_does() -> None:
    truth = Truth(TIME, observed=SEEN)
    found = concordance(truth, TOLD)
    assert found.influence.sum() == pytest.approx(0, abs=1e-9)
    for row in range(0, ROWS, 41):
        rest = np.arange(ROWS) != row
        without = concordance(Truth(TIME[rest], observed=SEEN[rest]), TOLD[rest]).value
        assert found.influence[row] == pytest.approx(found.value - without, rel=0.03, abs=1e-6)


def test_concordance_without_censoring_of_two_kinds_is_the_auc() -> None:
    y = (RNG.random(ROWS) < 0.3).astype(float)
    assert concordance(Truth(y + 1), TOLD).value == pytest.approx(reference.roc_auc_score(y, TOLD))


def test_kaplan_meier_is_the_textbooks() -> None:
    times, lasting = kaplan_meier(Truth(MP, observed=MP_SEEN))
    assert times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert lasting.round(4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert median_time(Truth(MP, observed=MP_SEEN)) == 23


def test_the_loss_of_times_is_xgboosts() -> None:
    import xgboost

    bounds = np.where(SEEN, TIME, np.inf)
    matrix = xgboost.DMatrix(RNG.normal(size=(ROWS, 2)), label_lower_bound=TIME, label_upper_bound=bounds)
    params = {"objective": "survival:aft", "eval_metric": "aft-nloglik", "base_score": 5.0}
    log: dict = {}
    booster = xgboost.train(params, matrix, 3, evals=[(matrix, "t")], evals_result=log, verbose_eval=False)
    found = mean_loss("aft_nloglik", Truth(TIME, observed=SEEN), booster.predict(matrix).astype(float)).value
    assert found == pytest.approx(log["t"]["aft-nloglik"][-1], rel=1e-4)


@pytest.mark.parametrize(
    ("task", "truth", "loss", "near"),
    [
        ("multiclass", Truth(CLASS), "log_loss", [0.02, -0.02, 0.0]),
        ("quantile", Truth(NUMBER, levels=LEVELS), "pinball", [1.0, 1.0, 1.0]),
        ("survival", Truth(TIME, observed=SEEN), "aft_nloglik", [0.3]),
    ],
)
def test_the_constant_is_the_best_there_is(task: str, truth: Truth, loss: str, near: list[float]) -> None:
    best = constant(task, truth, classes=3)

    def cost(answer: np.ndarray) -> float:
        rows = np.tile(answer, (ROWS, 1))
        return mean_loss(loss, truth, rows[:, 0] if task == "survival" else rows).value

    assert cost(best) < min(cost(best + near), cost(best - near))


def test_a_constant_orders_nothing() -> None:
    truth = Truth(TIME, observed=SEEN)
    assert concordance(truth, np.full(ROWS, 3.0)).value == 0.5
    shuffled = [ndcg(Truth(RELEVANCE, GROUP), RNG.random(ROWS)).value for _ in range(300)]
    assert ndcg(Truth(RELEVANCE, GROUP), np.zeros(ROWS)).value == pytest.approx(np.mean(shuffled), abs=0.01)


def test_a_class_that_a_model_does_not_know_costs_it_much_and_not_infinity() -> None:
    loss = per_row("log_loss", Truth(np.array([2.0])), np.array([[0.5, 0.5, 0.0]]))
    assert loss.tolist() == pytest.approx([34.54], abs=0.01)
    assert per_row("zero_one", Truth(np.array([2.0])), np.array([[0.5, 0.5, 0.0]])).tolist() == [1.0]


def test_tables_hold_what_the_labels_give() -> None:
    assert set(table("multiclass", Truth(CLASS), SHARES)) == {"log_loss", "brier", "accuracy"}
    assert set(table("quantile", Truth(NUMBER, levels=LEVELS), BANDS)) == {"pinball", "coverage"}
    assert set(table("quantile", Truth(NUMBER, levels=(0.5,)), BANDS[:, 1:2])) == {"pinball"}
    assert set(table("ranking", Truth(RELEVANCE, GROUP), ORDER)) == {"ndcg", "ndcg_at_10"}
    assert table("ranking", Truth(np.ones(ROWS), GROUP), ORDER) == {}
    assert set(table("survival", Truth(TIME, observed=SEEN), TOLD)) == {"concordance", "aft_nloglik"}
    assert set(table("survival", Truth(TIME, observed=np.zeros(ROWS, bool)), TOLD)) == {"aft_nloglik"}


def test_coverage_counts_both_ends() -> None:
    found = measure("coverage", Truth(np.array([1.0, 2.0, 3.0, 4.0]), levels=(0.1, 0.9)), np.array([[1.0, 3.0]] * 4))
    assert found.value == 0.75


def test_every_loss_is_for_a_task() -> None:
    assert {task for tasks in TASKS.values() for task in tasks} == {
        "binary",
        "multiclass",
        "regression",
        "quantile",
        "ranking",
        "survival",
    }
