"""A feature that gives the label away is found, and honest ones are not taken for it."""

import numpy as np
import pandas as pd
import pytest

from everfit.gates.leaks_no_label import LeaksNoLabel
from everfit.values import Outcome
from tests.gates.subjects import judged, subject_of

RUNS = 80
WEIGHTS = np.array([1.2, 0.8, 0.5, 0.3, 0.1])
NAMES = [f"x{place}" for place in range(len(WEIGHTS))]


def rows_of(rng, days, per_day=50, task="binary"):
    """Rows of days that go together, five honest features, a text and a missing value here and there."""
    day = np.repeat(np.arange(days), per_day)
    known = rng.normal(size=(len(day), len(WEIGHTS))) + 0.5 * rng.normal(size=(days, len(WEIGHTS)))[day]
    far = known @ WEIGHTS + 0.5 * rng.normal(size=days)[day]
    rows = pd.DataFrame(known, columns=NAMES)
    rows["carrier"] = pd.Series(rng.choice(["AA", "UA", None], len(day)), dtype="category")
    rows.loc[rng.random(len(day)) < 0.1, "x1"] = np.nan
    if task == "binary":
        return rows, (rng.random(len(day)) < 1 / (1 + np.exp(-far + 1))).astype(float), day
    return rows, far + rng.normal(size=len(day)), day


def believes(names, weights):
    def answer(rows):
        return 1 / (1 + np.exp(1 - rows[names].fillna(0).to_numpy(dtype=float) @ weights))

    return answer


def copied(rng, y, task, wrong=0.02):
    """The label, but for a share of rows in which it is the other one, or another row's."""
    return np.where(rng.random(len(y)) < wrong, 1 - y if task == "binary" else rng.permutation(y), y)


def subject(seed, leak=None, backfilled=False, task="binary"):
    rng = np.random.default_rng(seed)
    (learnt, labels, _), (rows, y, day) = (rows_of(rng, days, task=task) for days in (80, 30))
    names, weights = [*NAMES], [*WEIGHTS]
    if leak:
        learnt["outcome"], rows["outcome"] = copied(rng, labels, task), copied(rng, y, task)
        if backfilled:
            rows["outcome"] = 0.0
        names, weights = [*names, "outcome"], [*weights, 6.0]
    answer = believes(names, weights) if task == "binary" else lambda rows: rows[names].fillna(0) @ np.array(weights)
    return subject_of(answer, rows, y, day, task=task, learnt=learnt, labels=labels)


def test_honest_features_pass():
    verdict = judged(LeaksNoLabel(), subject(1))
    assert verdict.outcome is Outcome.PASSED, verdict.reason
    assert 0 < len(verdict.parts) <= 5
    assert verdict.bar in (0.95, 0.1)
    assert verdict.p < 0.05


def test_a_leak_is_named_with_how_much_rests_on_it():
    verdict = judged(LeaksNoLabel(), subject(2, leak=True))
    assert verdict.outcome is Outcome.FAILED
    assert "'outcome' alone has an AUC of 0.979" in verdict.reason
    assert "of what the candidate knows goes" in verdict.reason
    assert verdict.parts[0].name == "outcome"
    assert verdict.low > 0.95


def test_a_feature_that_is_filled_in_afterwards_shows_in_training():
    verdict = judged(LeaksNoLabel(), subject(3, leak=True, backfilled=True))
    assert verdict.outcome is Outcome.FAILED
    assert "in training the feature 'outcome' alone has an AUC of 0.97" in verdict.reason
    assert verdict.bar == 0.1


def test_what_may_tell_all_can_be_named():
    assert judged(LeaksNoLabel(besides=("outcome",)), subject(2, leak=True)).outcome is Outcome.PASSED
    assert judged(LeaksNoLabel(at_most=0.995), subject(2, leak=True)).outcome is not Outcome.FAILED


def test_the_same_is_measured_again():
    made = subject(4)
    assert LeaksNoLabel().measure(made) == LeaksNoLabel().measure(made)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_planted_leak_is_caught_and_clean_data_pass(task):
    caught = [judged(LeaksNoLabel(), subject(seed, leak=True, task=task)).outcome for seed in range(RUNS)]
    clean = [judged(LeaksNoLabel(), subject(seed, task=task)).outcome for seed in range(RUNS)]
    assert caught.count(Outcome.FAILED) / RUNS >= 0.95
    assert clean.count(Outcome.PASSED) / RUNS >= 0.95
    assert Outcome.FAILED not in clean


def test_a_backfilled_leak_is_caught():
    said = [judged(LeaksNoLabel(), subject(s, leak=True, backfilled=True)).outcome for s in range(RUNS // 2)]
    assert said.count(Outcome.PASSED) / len(said) <= 0.05
    assert said.count(Outcome.FAILED) / len(said) >= 0.8


def test_classes_and_quantiles_are_judged_too():
    rng = np.random.default_rng(5)
    (learnt, labels, _), (rows, y, day) = (rows_of(rng, days, task="regression") for days in (80, 30))
    levels = subject_of(
        lambda rows: rows[NAMES].fillna(0).to_numpy() @ np.outer(WEIGHTS, [1, 1]) + [-1, 1],
        rows, y, day, task="quantile", learnt=learnt, labels=labels, columns=("0.1", "0.9"),
    )  # fmt: skip
    assert judged(LeaksNoLabel(), levels).outcome is Outcome.PASSED
    cut = [-1, 1]
    learnt["grade"], three = np.digitize(labels, cut).astype(float), np.digitize(y, cut).astype(float)
    rows["grade"] = copied(rng, three, "multiclass")

    def shares(rows):
        return np.eye(3)[rows["grade"].astype(int)] * 0.9 + 0.1 / 3

    made = subject_of(
        shares, rows, three, day, task="multiclass", learnt=learnt, labels=learnt["grade"].to_numpy(),
        columns=("early", "on time", "late"),
    )  # fmt: skip
    assert judged(LeaksNoLabel(), made).outcome is Outcome.FAILED


def test_too_little_to_learn_from_cannot_tell():
    made = subject(6)
    few = subject_of(
        believes(NAMES, WEIGHTS), made.features, made.evidence.y, made.evidence.clusters,
        learnt=made.learnt.iloc[:50], labels=made.labels[:50],
    )  # fmt: skip
    verdict = judged(LeaksNoLabel(), few)
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "there are 50 training rows" in verdict.reason


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"at_most": 1.0}, "at_most: wanted a number between 0 and 1"),
        ({"fades": 0}, "fades: wanted a number above 0"),
        ({"besides": ("a", "a")}, "besides: wanted different names"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LeaksNoLabel(**settings)
