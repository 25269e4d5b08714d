from dataclasses import replace

import numpy as np
import pytest

from everfit.gates.answers_sanely import AnswersSanely
from everfit.values import Outcome


def judged(evidence, scores=None):
    return AnswersSanely().judge(evidence if scores is None else replace(evidence, candidate=scores))


def test_good_scores_pass(binary, regression):
    assert judged(binary()).outcome is Outcome.PASSED
    assert judged(regression()).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda s: np.where(np.arange(len(s)) < 2, np.nan, s), "2 of .* are not finite numbers"),
        (lambda s: np.where(np.arange(len(s)) < 2, np.inf, s), "2 of .* are not finite numbers"),
        (lambda s: np.full(len(s), 0.3), "got the same score, 0.3"),
        (lambda s: s + 0.9, "which are no probabilities"),
        (lambda s: s - 0.9, "which are no probabilities"),
    ],
)
def test_odd_scores_fail(spoil, says, binary):
    verdict = judged(binary(), spoil(binary().candidate))
    assert verdict.outcome is Outcome.FAILED
    assert __import__("re").search(says, verdict.reason), verdict.reason


def test_a_regression_may_answer_any_number(regression):
    assert judged(regression(), regression().candidate - 500).outcome is Outcome.PASSED


def test_it_cannot_tell_from_one_label(binary):
    verdict = judged(binary(y=np.ones(binary().rows)))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "has the same label, 1" in verdict.reason
