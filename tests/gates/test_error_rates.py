"""How often gates are wrong where the truth is known and rows of a day go together: once in twenty, as they claim."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.gates import Evidence
from everfit.gates.above_bar import AboveBar
from everfit.gates.beats_baseline import BeatsBaseline
from everfit.gates.beats_champion import BeatsChampion
from everfit.gates.not_worse_than_champion import NotWorseThanChampion
from everfit.statistics.metrics import measure
from everfit.values import Outcome
from tests.nulls import allowed, draws

RUNS = draws(1500)
ALLOWED = allowed(RUNS)


def drawn(rng, days):
    """Candidate and champion see a row's chance each through its own noise; both noises have a part per day.

    So their true mean losses are equal, differ from day to day, and the rows of one day say nearly the same.
    """
    day = np.repeat(np.arange(days), rng.poisson(60, days) + 1)
    logit = rng.normal(-1.2, 0.8, len(day)) + rng.normal(0, 0.4, days)[day]
    y = (rng.random(len(day)) < 1 / (1 + np.exp(-logit))).astype(float)
    noise = 0.1 * rng.normal(0, 1, (2, len(day))) + 0.4 * rng.normal(0, 1, (2, days))[:, day]
    candidate, champion = 1 / (1 + np.exp(-(logit + noise)))
    return Evidence("binary", y, candidate, champion, np.full(len(day), 0.27), day)


def rate(gate, days, seed, outcome=Outcome.PASSED, spoil=lambda evidence: evidence):
    rng = np.random.default_rng(seed)
    return sum(gate.judge(spoil(drawn(rng, days))).outcome is outcome for _ in range(RUNS)) / RUNS


def worse_by(margin):
    """Move scores up and down in turn: (s + d - y)² and (s - d - y)² average to (s - y)² + d², so d² = margin."""

    def spoil(evidence):
        sign = np.where(np.arange(evidence.rows) % 2, 1, -1)
        return replace(evidence, candidate=evidence.candidate + sign * np.sqrt(margin))

    return spoil


@pytest.mark.parametrize("days", [14, 30])
@pytest.mark.parametrize("loss", ["log_loss", "brier", "zero_one", "auc"])
def test_an_equal_candidate_rarely_beats_the_champion(loss, days):
    assert rate(BeatsChampion(loss), days, [1, days]) < ALLOWED


@pytest.mark.parametrize("days", [14, 30])
def test_a_candidate_worse_by_the_margin_is_rarely_called_not_worse(days):
    gate = NotWorseThanChampion("brier", margin=0.002)
    assert rate(gate, days, [2, days], spoil=worse_by(0.002)) < ALLOWED


def test_a_good_candidate_is_mostly_called_not_worse():
    assert rate(NotWorseThanChampion("brier", margin=0.01), 30, 3) > 0.9


def test_a_forecast_of_nothing_rarely_beats_the_constant():
    def guess(evidence):
        wobble = np.random.default_rng(evidence.rows).normal(0, 0.02, evidence.rows)
        return replace(evidence, candidate=evidence.baseline + wobble)

    assert rate(BeatsBaseline("brier"), 30, 4, spoil=guess) < ALLOWED


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.FAILED])
@pytest.mark.parametrize("metric", ["auc", "log_loss"])
def test_a_metric_at_the_bar_is_rarely_put_on_one_side(metric, outcome):
    many = drawn(np.random.default_rng(5), 20_000)
    truth = measure(metric, many.truth, many.candidate).value
    gate = AboveBar(metric, **{"at_least" if metric == "auc" else "at_most": truth})
    assert rate(gate, 30, 6, outcome) < ALLOWED


def test_taking_rows_for_independent_would_break_the_promise():
    def by_row(evidence):
        return replace(evidence, clusters=np.arange(evidence.rows))

    assert rate(BeatsChampion("log_loss"), 30, [1, 30], spoil=by_row) > 0.085
