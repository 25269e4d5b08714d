"""A recipe that was good in every past window passes, one that surely was not fails, and how often chance decides."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from everfit.gates import Evidence, Past, Subject
from everfit.gates.holds_over_time import HoldsOverTime
from everfit.values import Outcome
from tests.gates.conftest import binary_evidence

GATE = HoldsOverTime("log_loss", windows=3)


def judged(windows: Sequence[Evidence], gate: HoldsOverTime = GATE):
    """As the step does it: the gate measures the windows that it asks for, and judges by what it measured."""
    now = binary_evidence()
    past = (Past(f"2013-0{place + 1}", window) for place, window in enumerate(windows))
    subject = Subject(None, None, None, None, None, now, 0, lambda asked: list(past)[-asked:], None)
    return gate.judge(replace(now, measured=gate.measure(subject)))


def knowing(share: float, seed: int = 0, days: int = 30) -> Evidence:
    """A recipe that knows a share of what can be known; 0: no more than the constant; below: it is misled."""
    made = binary_evidence(seed, days=days)
    usual = np.full(made.rows, made.y.mean())
    return replace(made, candidate=np.clip(usual + share * (made.candidate - usual), 1e-3, 1 - 1e-3), baseline=usual)


def test_good_in_every_window():
    verdict = judged([knowing(1, seed) for seed in range(3)])
    assert verdict.outcome is Outcome.PASSED, verdict.reason
    assert [part.name for part in verdict.parts] == ["2013-01", "2013-02", "2013-03"]
    assert all(part.high < 0 for part in verdict.parts)
    assert "in 3 of 3 past windows" in verdict.reason
    assert verdict.high == max(part.high for part in verdict.parts)


def test_one_window_in_which_it_surely_fails():
    verdict = judged([knowing(1), knowing(-1), knowing(1)])
    assert verdict.outcome is Outcome.FAILED
    assert "in 2 of 3 past windows; 2013-02: log loss is" in verdict.reason


def test_one_window_that_says_too_little():
    assert judged([knowing(1), knowing(1, days=8), knowing(1)]).outcome is Outcome.CANNOT_TELL


def test_too_few_windows():
    verdict = judged([knowing(1)])
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "only 1 of 3 past windows" in verdict.reason


@pytest.mark.parametrize("windows", [1, 3])
def test_a_recipe_that_knows_nothing_passes_at_most_once_in_twenty(windows):
    """The worst case for an intersection-union test: it knows nothing in one window, and everything in the others."""
    rng, runs = np.random.default_rng(1), 1000
    good = [knowing(1, seed) for seed in range(windows - 1)]
    gate = HoldsOverTime("brier", windows=windows)
    said = [judged([*good, _ignorant(rng)], gate).outcome for _ in range(runs)]
    for outcome in (Outcome.PASSED, Outcome.FAILED):
        assert said.count(outcome) / runs <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)


def _ignorant(rng) -> Evidence:
    """Answers beside the truth, at which the mean squared error of recipe and constant are equal on average."""
    day = np.repeat(np.arange(30), 20)
    answer = 0.5 + 0.2 * rng.choice([-1, 1], len(day))
    tempting = np.full(len(day), 0.5 + 0.2)
    y = (rng.random(len(day)) < 0.5 + 0.05 * rng.normal(size=30)[day]).astype(float)
    return Evidence("binary", y, answer, None, tempting, day)
