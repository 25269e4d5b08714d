"""The gates on several classes, quantiles, orders and times: they pass a good candidate, and say why not else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from everfit.gates import Evidence
from everfit.gates.above_bar import AboveBar
from everfit.gates.answers_sanely import AnswersSanely
from everfit.gates.beats_baseline import BeatsBaseline
from everfit.gates.beats_champion import BeatsChampion
from everfit.gates.not_worse_than_champion import NotWorseThanChampion
from everfit.statistics import losses, metrics
from everfit.values import Outcome

TASKS = ("multiclass", "quantile", "ranking", "survival")
BARS = {
    "log_loss": {"at_most": 0.95},
    "brier": {"at_most": 0.6},
    "accuracy": {"at_least": 0.5},
    "pinball": {"at_most": 2},
    "coverage": {"at_least": 0.7},
    "ndcg": {"at_least": 0.9},
    "ndcg_at_10": {"at_least": 0.9},
    "concordance": {"at_least": 0.7},
    "aft_nloglik": {"at_most": 1.5},
}
LOSSES = [(task, loss) for task in TASKS for loss in losses.TASKS if task in losses.TASKS[loss]]
METRICS = [(task, metric) for task in TASKS for metric in metrics.TASKS if task in metrics.TASKS[metric]]


@pytest.mark.parametrize(("task", "metric"), METRICS)
def test_a_good_candidate_clears_its_bar(task, metric, of_task):
    gate = AboveBar(metric, **BARS[metric])
    verdict = gate.judge(of_task(task))
    assert task in gate.tasks
    assert verdict.outcome is Outcome.PASSED, verdict.reason
    assert verdict.low < verdict.effect < verdict.high
    assert "1,200 rows of 30 days" in verdict.reason


@pytest.mark.parametrize(("task", "loss"), LOSSES)
def test_it_beats_a_constant_and_a_blurred_champion(task, loss, of_task):
    evidence = of_task(task)
    for gate in (BeatsBaseline(loss), BeatsChampion(loss), NotWorseThanChampion(loss, margin=0.01)):
        verdict = gate.judge(evidence)
        assert verdict.outcome is Outcome.PASSED, verdict.reason
    swapped = replace(evidence, candidate=evidence.champion, champion=evidence.candidate)
    assert BeatsChampion(loss).judge(swapped).outcome is Outcome.FAILED
    assert NotWorseThanChampion(loss, margin=1e-4).judge(swapped).outcome is Outcome.FAILED


@pytest.mark.parametrize(("task", "loss"), LOSSES)
def test_one_that_learnt_nothing_passes_at_most_once_in_twenty_times(task, loss, of_task):
    """The candidate's scores belong to other rows of its kind: it cannot be better than its twin, shuffled elsewise."""
    passed = 0
    for seed in range(60):
        evidence = of_task(task, seed, days=20, per_day=20)
        rng = np.random.default_rng(seed)
        one, two = (evidence.candidate[rng.permutation(evidence.rows)] for _ in range(2))
        verdict = BeatsChampion(loss).judge(replace(evidence, candidate=one, champion=two))
        passed += verdict.outcome is Outcome.PASSED
    assert passed <= 8  # of 60: with a rate of 0.05, more than 8 come once in 400


@pytest.mark.parametrize("task", TASKS)
def test_sane_answers_pass(task, of_task):
    verdict = AnswersSanely().judge(of_task(task))
    assert verdict.outcome is Outcome.PASSED, verdict.reason


@pytest.mark.parametrize(
    ("task", "broken", "says"),
    [
        ("multiclass", lambda scores: scores * 2, "no probabilities"),
        ("multiclass", lambda scores: scores * 0.9, "add up to 1 only within 0.1"),
        ("quantile", lambda scores: scores[:, ::-1], "the quantiles of 1,200 rows cross"),
        ("survival", lambda scores: scores - 100, "no time to wait for"),
        ("ranking", lambda scores: scores * np.nan, "1,200 of 1,200 scores are not finite"),
        ("quantile", lambda scores: np.tile(scores[0], (len(scores), 1)), "every one of 1,200 rows got the same score"),
    ],
)
def test_insane_answers_fail(task, broken, says, of_task):
    evidence = of_task(task)
    verdict = AnswersSanely().judge(replace(evidence, candidate=broken(evidence.candidate)))
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.reason


@pytest.mark.parametrize(
    ("task", "loss", "change", "says"),
    [
        ("survival", "aft_nloglik", {"observed": np.zeros(1200, dtype=bool)}, "no event was observed"),
        ("ranking", "ndcg_loss", {"y": np.ones(1200)}, "only 0 days of the holdout have a group whose rows differ"),
    ],
)
def test_labels_that_say_nothing_are_not_judged(task, loss, change, says, of_task):
    verdict = BeatsBaseline(loss).judge(of_task(task, **change))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert says in verdict.reason


@pytest.mark.parametrize("champion", [True, False])
@pytest.mark.parametrize("task", TASKS)
def test_parquet_brings_it_back(task, champion, of_task, tmp_path):
    made = of_task(task) if champion else replace(of_task(task), champion=None)
    made.to_frame().to_parquet(tmp_path / "evidence.parquet")
    back = Evidence.from_frame(pd.read_parquet(tmp_path / "evidence.parquet"))
    pd.testing.assert_frame_equal(back.to_frame(), made.to_frame())
    assert (back.columns, back.truth.levels, back.champion is None) == (made.columns, made.truth.levels, not champion)
    assert BeatsBaseline(_loss(task)).judge(back) == BeatsBaseline(_loss(task)).judge(made)


def _loss(task):
    return next(loss for of, loss in LOSSES if of == task)


def test_there_is_one_column_for_each_class(of_task):
    frame = of_task("multiclass").to_frame()
    assert [name for name in frame if name.startswith("candidate")] == [
        "candidate[late]",
        "candidate[on time]",
        "candidate[very late]",
    ]


def test_scores_of_another_shape_are_refused(of_task):
    evidence = of_task("multiclass")
    with pytest.raises(ValueError, match=r"scores of the candidate have shape \(1200, 2\), wanted \(1200, 3\)"):
        replace(evidence, candidate=evidence.candidate[:, :2])
