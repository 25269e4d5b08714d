"""What would have changed the decision: it must be true, so each sentence is put to the test."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from everfit.gates import Evidence
from everfit.gates.above_bar import AboveBar
from everfit.plots.card.decision import decision
from everfit.plots.card.otherwise import Reach, otherwise
from everfit.values import Detail, Judgement, Outcome, Verdict
from tests.plots.card.test_page import ABOVE, BELOW, SANE, judged

OPEN = replace(ABOVE, outcome=Outcome.CANNOT_TELL, effect=0.64, low=0.6, high=0.68, bar=0.62, n=10_000)
FAILED = replace(ABOVE, outcome=Outcome.FAILED, effect=0.5, low=0.48, high=0.52, bar=0.62, n=10_000)


def words(judgement: Judgement) -> list[str]:
    return [case.words for case in otherwise(judgement)]


def evidence(days: int, seed: int = 3) -> Evidence:
    """Rows of so many days, each day like the others."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), 100)
    y = (random.random(len(day)) < 0.4).astype(float)
    scores = np.clip(0.4 + 0.055 * (y - 0.4) + random.normal(0, 0.2, len(day)), 0.01, 0.99)
    return Evidence("binary", y, scores, None, np.full(len(day), 0.4), day)


def test_a_narrower_interval_is_so_many_more_rows() -> None:
    (said,) = words(judged(OPEN))
    assert said.startswith(
        "With an interval 0.02 narrower on the side of the bar it would have passed: about 30,000 more"
    )


def test_with_so_many_more_rows_it_does_pass() -> None:
    """The promise, kept: the gate is asked again with as many rows as the sentence asks for."""
    few = evidence(30)
    gate = AboveBar("auc", at_least=0.555)
    verdict = gate.judge(few)
    assert verdict.outcome is Outcome.CANNOT_TELL
    (said,) = words(judged(verdict))
    more = int(re.search(r"about ([\d,]+) more rows", said)[1].replace(",", ""))  # type: ignore[index]
    passed = [gate.judge(evidence(30 + more // 100, seed)).outcome is Outcome.PASSED for seed in range(20)]
    assert sum(passed) >= 5, "with the true effect unknown, about half of all such holdouts pass"


def test_where_people_decide_what_is_open_is_told() -> None:
    left = judged(SANE, OPEN, promote=True)
    assert decision(left, "open").why == (
        "No gate failed, so that people decide. 1 of 2 gates could not tell: above_bar, because good. "
        "A person has to agree before it serves."
    )
    assert [case.gate for case in otherwise(left)] == ["above_bar"]


def test_gates_that_ask_nothing_of_a_first_model_are_not_enough() -> None:
    (said,) = words(judged(SANE, reason="no gate asks anything of a first model"))
    assert said == "Every gate passed, but no gate asks anything of a first model."
    assert decision(judged(SANE, reason="no gate asks anything")).why == "No gate asks anything."


def test_an_effect_on_the_wrong_side_is_not_helped_by_rows() -> None:
    (said,) = words(judged(FAILED))
    assert said.startswith("It would have passed with 0.64 or more instead of 0.5. More rows alone do not help")
    (other,) = words(judged(replace(BELOW, effect=0.1, low=0.0, high=0.2, bar=0.05)))
    assert "with \u22120.05 or less instead of 0.1" in other


def test_all_but_on_the_bar_is_said() -> None:
    (said,) = words(judged(replace(OPEN, effect=0.6201, low=0.6, high=0.64)))
    assert said.endswith("which more rows do not bring: 0.6201 is all but on the bar.")


def test_a_gate_without_numbers_says_its_reason() -> None:
    assert "had nothing to measure: open" in words(judged(Verdict("g", Outcome.CANNOT_TELL, "open")))[0]
    assert "has no number to say how far it was: bad" in words(judged(Verdict("g", Outcome.FAILED, "bad")))[0]
    parts = (Detail("a", Outcome.FAILED), Detail("b", Outcome.PASSED))
    assert "if 1 of its 2 parts had: a" in words(judged(Verdict("g", Outcome.FAILED, "bad", parts=parts)))[0]
    assert "names no gate" in words(judged())[0]


def test_of_a_promoted_one_the_closest_gates_are_told() -> None:
    near = replace(ABOVE, gate="near", effect=0.66, low=0.63, high=0.69)
    far = replace(ABOVE, gate="far", effect=0.99, low=0.989, high=0.991)
    found = otherwise(judged(SANE, far, near, promote=True))
    assert [case.gate for case in found] == ["near"]
    assert found[0].words == (
        "Its bound 0.63 clears the bar 0.62 by 0.01. With an effect 0.01 lower than 0.66 the candidate "
        "would have been kept back."
    )
    assert [case.gate for case in otherwise(judged(far, promote=True))] == ["far"]
    assert otherwise(judged(SANE, promote=True)) == ()


@given(st.floats(-5, 5), st.floats(1e-3, 5), st.floats(-5, 5), st.booleans())
def test_moved_by_what_it_says_the_bound_is_on_the_bar(effect: float, half: float, bar: float, above: bool) -> None:
    """Whatever the numbers: an effect better by `miss` has its bound exactly at the bar."""
    verdict = replace(
        ABOVE, effect=effect, low=effect - half, high=effect + half, bar=bar, wanted="above" if above else "below"
    )
    reach = Reach.of(verdict)
    assert reach is not None
    moved = effect + (reach.miss if above else -reach.miss)
    bound = moved - half if above else moved + half
    assert bound == pytest.approx(bar, abs=1e-9)
    assume(reach.room > 0)
    assert effect - (reach.reach - reach.miss if above else 0) == pytest.approx(bar if above else effect, abs=1e-9), (
        "an interval narrower by `miss` ends at the bar"
    )


def test_the_decision_is_one_sentence_in_words() -> None:
    assert decision(judged(SANE, OPEN)).tone == "unsure"
    assert decision(judged(SANE, OPEN)).why == "1 of 2 gates could not tell: above_bar, because good."
    both = decision(judged(OPEN, replace(FAILED, gate="other", reason="bad (one-sided 95 %)")))
    assert (both.tone, both.why) == ("bad", "2 of 2 gates did not pass. other: bad. The others: above_bar.")
    first = decision(judged(SANE, promote=True, champion=None))
    assert first.why == "Its one gate passed, and there is no champion yet that it would have to be held against."
    asked = decision(judged(SANE, promote=True, champion=None), "open")
    assert (asked.tone, asked.what) == ("unsure", "waiting for a person")
    assert asked.why.endswith("held against. A person has to agree before it serves.")
    assert decision(judged(SANE, promote=True), "rejected").what == "kept back by a person"
    assert decision(judged(SANE, promote=True), "approved").what == "to be promoted"
    assert decision(judged(SANE, OPEN), "approved").what == "kept back"
    won = decision(judged(replace(BELOW, outcome=Outcome.PASSED, reason="lower (x)"), SANE, promote=True))
    assert won.why == "All 2 gates passed, against champion version 3: lower."
