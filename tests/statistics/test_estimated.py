"""Quality before labels: the estimate meets what is found later where inputs moved, and not where their meaning did."""

import time
from itertools import product

import numpy as np
import pytest
from scipy.special import expit, softmax

from everfit.statistics.auc import auc
from everfit.statistics.estimated import Calibration, calibrate, estimate_auc, estimate_metric, expect_metric
from everfit.statistics.estimated_loss import estimate_loss, expect_loss, learn_losses
from everfit.statistics.expected import Estimated
from everfit.statistics.metrics import measure
from everfit.statistics.shocks import variance_of_shocks
from everfit.statistics.truth import Truth
from tests.nulls import draws

BINARY = ["accuracy", "log_loss", "brier", "precision", "recall", "auc"]
SEVERAL = ["accuracy", "log_loss", "brier"]
RUNS = draws(150)
LEAST = 0.9
"""What of the runs an interval with 95 % holds at least."""


def binary(rng, days, rows, *, moved=0.0, shocks=0.0, turned=0.0):
    """Labels, scores and days: a model that is too bold; inputs that moved, days that differ, a concept that turned."""
    day = np.repeat(np.arange(days), rows)
    x = rng.normal(moved, 1, len(day))
    chance = expit(-1 + (1.2 - turned) * x + shocks * rng.normal(size=days)[day])
    return (rng.random(len(day)) < chance).astype(float), expit(-0.7 + 1.6 * x), day


def several(rng, days, rows, *, moved=0.0, turned=0.0):
    """The same for three classes."""
    day = np.repeat(np.arange(days), rows)
    x = rng.normal(moved, 1, (len(day), 2))
    logits = np.stack([x[:, 0], x[:, 1], np.full(len(day), 0.3)], axis=1) + 0.3 * rng.normal(size=(days, 3))[day]
    y = (rng.random((len(day), 1)) > softmax((1 - turned) * logits, axis=1).cumsum(axis=1)).sum(axis=1)
    return np.minimum(y, 2).astype(float), softmax(1.5 * np.c_[x, np.full(len(day), 0.3)], axis=1), day


def numbers(rng, days, rows, *, moved=0.0, turned=0.0):
    """Squared errors, what is known of the rows, and days: large predictions are hard, and so is one input."""
    day = np.repeat(np.arange(days), rows)
    x, hard = rng.normal(moved, 1, len(day)), rng.exponential(1 + moved, len(day))
    spread = np.exp(0.3 * rng.normal(size=days))[day] * (0.5 + expit(x) + 0.4 * np.minimum(hard, 3))
    return (turned + spread * rng.normal(size=len(day))) ** 2, np.stack([x, hard], axis=1), day


def found(metric, y, scores):
    called = scores >= 0.5
    if metric == "precision":
        return y[called].mean()
    if metric == "recall":
        return called[y == 1].mean()
    return measure(metric, Truth(y), scores).value


def estimated(metric, scores, day, past, level=0.975):
    if metric == "auc":
        return estimate_auc(scores, past, day, level)
    return estimate_metric(expect_metric(metric, scores, past, day), past, level)


def met(rng, make, metrics, runs, window, **past):
    """For each metric, the share of runs in which what is found later is in the interval."""
    hits = dict.fromkeys(metrics, 0)
    for _ in range(runs):
        learnt = calibrate(*make(rng, 60, 100, **past))
        y, scores, day = make(rng, 14, 100, **past, **window)
        for metric in metrics:
            one = estimated(metric, scores, day, learnt)
            hits[metric] += one.low <= found(metric, y, scores) <= one.high
    return {metric: count / runs for metric, count in hits.items()}


@pytest.mark.parametrize("shocks", [0.0, 0.5])
def test_where_inputs_move_the_estimate_rarely_misses_what_is_found(shocks):
    shares = met(np.random.default_rng([1, int(shocks > 0)]), binary, BINARY, RUNS, {"moved": 0.8}, shocks=shocks)
    assert min(shares.values()) >= LEAST, shares


def test_so_it_does_for_several_classes():
    shares = met(np.random.default_rng(2), several, SEVERAL, draws(100), {"moved": 0.7})
    assert min(shares.values()) >= LEAST, shares


@pytest.mark.parametrize(("make", "metrics"), [(binary, BINARY), (several, SEVERAL)], ids=["binary", "several"])
def test_where_the_concept_turns_it_does_not_and_says_so(make, metrics):
    """The same inputs mean something else: the interval holds what is found in hardly any run, whatever it says."""
    shares = met(np.random.default_rng(3), make, metrics, 30, {"turned": 0.9})
    assert max(shares.values()) <= 0.1, shares
    past = calibrate(*make(np.random.default_rng(4), 30, 100))
    _, scores, day = make(np.random.default_rng(5), 5, 100)
    assert estimated(metrics[0], scores, day, past).blind_to == "concept drift"
    with pytest.raises(TypeError, match="blind_to"):
        Estimated(0.5, 0.4, 0.6, 100, 0.1, 0.1, blind_to="nothing")


def test_scores_as_they_are_would_not_do():
    rng, off = np.random.default_rng(6), 0
    for _ in range(30):
        learnt = calibrate(*binary(rng, 60, 100))
        trusted = Calibration(learnt.curves, learnt.shocks)
        for curve in trusted.curves:
            curve.heights[:] = 0
        y, scores, day = binary(rng, 14, 100, moved=0.8)
        one = estimated("log_loss", scores, day, trusted)
        off += not one.low <= found("log_loss", y, scores) <= one.high
    assert off / 30 > 0.5


def test_days_that_differ_taken_for_rows_would_miss_too_often():
    rng, off = np.random.default_rng(7), 0
    for _ in range(100):
        learnt = calibrate(*binary(rng, 60, 100, shocks=0.5))
        y, scores, day = binary(rng, 14, 100, shocks=0.5)
        one = estimated("precision", scores, day, Calibration(learnt.curves, np.zeros(1)))
        off += not one.low <= found("precision", y, scores) <= one.high
    assert off / 100 > 0.12


def test_the_loss_of_numbers_is_met_where_inputs_move_and_not_where_the_concept_does():
    rng, moved, turned = np.random.default_rng(8), 0, 0
    for _ in range(RUNS):
        losses, columns, day = numbers(rng, 60, 100)
        past = learn_losses(columns, losses, day)
        for turn in (0.0, 2.0):
            losses, columns, day = numbers(rng, 14, 100, moved=0.5, turned=turn)
            one = estimate_loss(expect_loss(columns, past, day), past, 0.975)
            hit = one.low <= losses.mean() <= one.high
            moved, turned = (moved + hit, turned) if turn == 0 else (moved, turned + hit)
    assert moved / RUNS >= LEAST
    assert turned / RUNS <= 0.1
    assert one.blind_to == "concept drift"


def test_parts_of_a_window_merge_into_it():
    rng = np.random.default_rng(9)
    past = calibrate(*binary(rng, 30, 100, shocks=0.5))
    _, scores, day = binary(rng, 10, 50)
    for metric in BINARY[:-1]:
        whole = estimate_metric(expect_metric(metric, scores, past, day), past)
        parts = [expect_metric(metric, scores[day % 3 == part], past, day[day % 3 == part]) for part in range(3)]
        merged = estimate_metric(parts[2].merged(parts[0]).merged(parts[1]), past)
        assert (merged.value, merged.low, merged.high) == pytest.approx((whole.value, whole.low, whole.high))
    losses, columns, day = numbers(rng, 30, 50)
    past = learn_losses(columns, losses, day)
    parts = [expect_loss(columns[day % 2 == part], past, day[day % 2 == part]) for part in range(2)]
    whole = estimate_loss(expect_loss(columns, past, day), past)
    assert estimate_loss(parts[0].merged(parts[1]), past).high == pytest.approx(whole.high)
    assert whole.value == pytest.approx(losses.mean())  # on the rows that it was learnt from


def test_a_figure_is_its_mean_over_all_labels_that_may_come():
    """Seven rows, 128 ways that their labels may come out, each as likely as the calibrated scores say."""
    past = calibrate(*binary(np.random.default_rng(10), 30, 100))
    scores = np.array([0.05, 0.2, 0.3, 0.3, 0.6, 0.8, 0.95])
    p = past.probabilities(scores)[:, 1]
    ways = np.array(list(product([0.0, 1.0], repeat=7)))
    likely = np.prod(np.where(ways == 1, p, 1 - p), axis=1)
    for metric in ("accuracy", "log_loss", "brier", "precision"):
        each = np.array([found(metric, y, scores) for y in ways])
        one = estimated(metric, scores, np.arange(7), past)
        assert one.value == pytest.approx(likely @ each)
        assert one.by_chance**2 == pytest.approx(likely @ (each - one.value) ** 2)


def test_the_expected_auc_is_the_weighted_share_of_pairs_and_knows_what_moves_it():
    rng = np.random.default_rng(11)
    y, scores, day = binary(rng, 30, 100)
    past = calibrate(y, scores, day)
    _, scores, day = binary(rng, 3, 60)
    scores = scores.round(2)
    p = past.probabilities(scores)[:, 1]
    above = (scores[:, None] > scores) + 0.5 * (scores[:, None] == scores)
    one = estimate_auc(scores, past, day)
    assert one.value == pytest.approx(p @ above @ (1 - p) / (p.sum() * (1 - p).sum()))
    drawn = [auc((rng.random(len(p)) < p).astype(float), scores).value for _ in range(2000)]
    alone = estimate_auc(scores, Calibration(past.curves, np.zeros(1)), day)
    assert np.std(drawn) == pytest.approx(alone.by_chance, rel=0.08)
    assert np.mean(drawn) == pytest.approx(one.value, abs=4e-3)


def test_the_variance_of_days_is_found():
    rng, with_days, without = np.random.default_rng(12), [], []
    for _ in range(40):
        with_days.append(calibrate(*binary(rng, 100, 100, shocks=0.4)).shocks[0])
        without.append(calibrate(*binary(rng, 100, 100)).shocks[0])
    assert np.mean(with_days) == pytest.approx(0.16, abs=0.03)
    assert np.mean(without) < 0.01
    assert variance_of_shocks(np.ones(3), np.ones(3), np.ones(3), np.arange(3)) == 0  # a row a day: nobody can tell


def test_three_hundred_thousand_rows_take_less_than_two_seconds():
    rng = np.random.default_rng(13)
    past = calibrate(*binary(rng, 50, 2000))
    _, scores, day = binary(rng, 50, 6000)
    begin = time.process_time()
    expect_metric("log_loss", scores, past, day)
    estimate_auc(scores, past, day)
    assert time.process_time() - begin < 2


def test_what_has_no_estimate_is_refused():
    rng = np.random.default_rng(14)
    y, scores, day = binary(rng, 5, 40)
    past = calibrate(y, scores, day)
    with pytest.raises(
        ValueError, match=r"no estimate of 'r2' for 2 classes \(known: log_loss, brier, accuracy, preci"
    ):
        expect_metric("r2", scores, past, day)
    with pytest.raises(ValueError, match="of 3 rows none counts"):
        estimate_metric(expect_metric("precision", np.full(3, 0.1), past, np.arange(3)), past)
    with pytest.raises(ValueError, match="at least 2 days to learn from, found 1"):
        estimate_metric(
            expect_metric("brier", scores, calibrate(y, scores, day * 0), day), calibrate(y, scores, day * 0)
        )
    never = calibrate(np.zeros(200), np.zeros(200), day)
    with pytest.raises(ValueError, match="an AUC needs both"):
        estimate_auc(np.zeros(200), never, day)
