"""Probabilities that are what happens, and how often the gate is wrong about it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from everfit.gates import Evidence
from everfit.gates.is_calibrated import IsCalibrated
from everfit.values import Outcome
from tests.nulls import allowed, draws

RUNS = draws(400)
ALLOWED = allowed(RUNS)


def moved(evidence, by):
    """Forecasts that are off by so much in every row, so that the truth is known."""
    return replace(evidence, candidate=evidence.candidate + by)


def drawn(rng, days=30):
    """Right on average, though each day has a part that nobody foresaw."""
    day = np.repeat(np.arange(days), rng.poisson(80, days) + 1)
    forecast = np.clip(rng.beta(2, 5, len(day)), 0.1, 0.8)
    y = (rng.random(len(day)) < forecast + 0.1 * rng.uniform(-1, 1, days)[day]).astype(float)
    return Evidence("binary", y, forecast, None, np.full(len(day), 0.28), day)


def test_a_calibrated_candidate_passes_and_a_bold_one_fails(binary):
    good = IsCalibrated().judge(binary(per_day=200))
    assert good.outcome is Outcome.PASSED, good.reason
    evidence = binary(per_day=200)
    bold = IsCalibrated().judge(replace(evidence, candidate=expit(3 * logit(evidence.candidate))))
    assert bold.outcome is Outcome.FAILED
    assert bold.low > bold.bar == 0.05
    assert "slope 0.3" in bold.reason
    assert bold.p > 0.5
    assert good.p < 1e-4


def test_few_rows_cannot_tell(binary):
    verdict = IsCalibrated(within=0.02).judge(binary(days=14))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "so it is open" in verdict.reason


def test_the_parts_draw_the_reliability_diagram(binary):
    evidence = binary(per_day=200)
    verdict = IsCalibrated().judge(replace(evidence, candidate=0.7 * evidence.candidate))
    assert 5 <= len(verdict.parts) <= 10
    assert [part.bar for part in verdict.parts] == sorted(part.bar for part in verdict.parts)
    for part in verdict.parts:
        assert part.low <= part.effect <= part.high
        assert part.name.startswith("forecast ")
    assert sum(part.effect > part.bar for part in verdict.parts) == len(verdict.parts)


def test_every_class_is_asked(of_task):
    evidence = of_task("multiclass", per_day=200)
    good = IsCalibrated().judge(evidence)
    assert good.outcome is Outcome.PASSED, good.reason
    assert [part.name for part in good.parts] == ["late", "on time", "very late"]
    wrong = evidence.candidate.copy()
    wrong[:, 1] += 0.5 * wrong[:, 2]
    wrong[:, 2] *= 0.5
    bad = IsCalibrated(within=0.03).judge(replace(evidence, candidate=wrong))
    assert bad.outcome is Outcome.FAILED
    assert {part.name: part.outcome for part in bad.parts}["late"] is Outcome.PASSED


def test_each_quantile_has_to_cover_its_share(of_task):
    evidence = of_task("quantile", per_day=200)
    assert IsCalibrated().judge(evidence).outcome is Outcome.PASSED
    narrow = evidence.candidate[:, [1]] + 0.5 * (evidence.candidate - evidence.candidate[:, [1]])
    bad = IsCalibrated().judge(replace(evidence, candidate=narrow))
    assert bad.outcome is Outcome.FAILED
    assert "coverage of the quantile 0." in bad.reason
    assert [part.outcome for part in bad.parts] == [Outcome.FAILED, Outcome.PASSED, Outcome.FAILED]


def test_scores_that_are_no_probabilities_are_not_judged(binary):
    verdict = IsCalibrated().judge(replace(binary(), candidate=2 * binary().candidate))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "no probabilities" in verdict.reason


def test_a_regression_says_nothing_of_how_sure_it_is():
    assert IsCalibrated().tasks == {"binary", "multiclass", "quantile"}


@pytest.mark.parametrize("within", [0, 1, -0.1, "much"])
def test_a_setting_that_is_no_share_is_refused(within):
    with pytest.raises(ValueError, match="within: wanted a number between 0 and 1"):
        IsCalibrated(within=within)


def test_a_candidate_at_the_bar_rarely_passes():
    rng, runs = np.random.default_rng(1), draws(150)
    gate = IsCalibrated(within=0.06)
    passed = sum(gate.judge(moved(drawn(rng), 0.06)).outcome is Outcome.PASSED for _ in range(runs))
    assert passed / runs < allowed(runs)


def test_a_quantile_at_the_bar_rarely_passes_and_rarely_fails():
    rng, said = np.random.default_rng(2), []
    for _ in range(RUNS):
        day = np.repeat(np.arange(30), 40)
        y = rng.normal(size=1200) + 0.3 * rng.normal(size=30)[day]
        bands = np.full((1200, 1), np.sqrt(1.09) * 1.0364)  # the 85 % quantile, given for the 90 %
        said.append(IsCalibrated().judge(Evidence("quantile", y, bands, None, bands, day, columns=("0.9",))).outcome)
    assert said.count(Outcome.PASSED) / RUNS < ALLOWED
    assert said.count(Outcome.FAILED) / RUNS < ALLOWED


def test_a_calibrated_candidate_hardly_ever_fails():
    rng = np.random.default_rng(3)
    assert all(IsCalibrated(within=0.01).judge(drawn(rng)).outcome is not Outcome.FAILED for _ in range(20))
