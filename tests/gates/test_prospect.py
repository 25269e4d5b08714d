"""What gates say before there is a candidate: only what no candidate could change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from everfit.gates import Evidence, Prospect, Standing
from everfit.gates.above_bar import AboveBar
from everfit.gates.answers_sanely import AnswersSanely
from everfit.gates.beats_baseline import BeatsBaseline
from everfit.gates.beats_champion import BeatsChampion
from everfit.gates.not_worse_than_champion import NotWorseThanChampion
from everfit.gates.prospect import chance_of_equal, foresee
from everfit.values import Outcome, Verdict

GATES: list[Any] = [
    AnswersSanely(),
    AboveBar("auc", at_least=0.6),
    AboveBar("brier", at_most=0.2),
    BeatsBaseline("log_loss"),
    BeatsChampion("log_loss"),
    NotWorseThanChampion("log_loss", margin=0.02),
]
NAMES = ["answers_sanely", "auc", "brier", "beats_baseline", "beats_champion", "not_worse"]


def holdout(days: int, per_day: int = 20, seed: int = 1) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    return (random.random(days * per_day) < 0.4).astype(float), np.repeat(np.arange(days), per_day)


def prospect(days: int, champion: int | None = 3, *said: Verdict) -> Prospect:
    return Prospect("binary", *holdout(days), champion, said)


@pytest.mark.parametrize("gate", GATES, ids=NAMES)
def test_a_holdout_that_does_is_not_refused(gate: Any) -> None:
    assert gate.hopeless(prospect(28)) is None


@pytest.mark.parametrize("gate", GATES[1:], ids=NAMES[1:])
def test_too_few_days_are_refused(gate: Any) -> None:
    assert "the holdout covers 4 days, and it takes 10" in gate.hopeless(prospect(4))


@pytest.mark.parametrize("gate", GATES[4:], ids=NAMES[4:])
def test_without_a_champion_nothing_is_compared(gate: Any) -> None:
    assert gate.hopeless(prospect(4, None)) is None


def test_one_label_leaves_nothing_to_tell_apart() -> None:
    days = np.repeat(np.arange(28), 20)
    ones = Prospect("binary", np.ones(560), days)
    assert "every one of 560 rows held out has the same label, 1" in AnswersSanely().hopeless(ones)
    assert "only 0 days of the holdout have a row with label 0" in AboveBar("auc", at_least=0.6).hopeless(ones)


@pytest.mark.parametrize("gate", GATES, ids=NAMES)
@pytest.mark.parametrize("days", [1, 4, 9, 10, 28])
@pytest.mark.parametrize("champion", [None, 3])
def test_what_is_refused_for_its_days_could_not_have_passed(gate: Any, days: int, champion: int | None) -> None:
    """The gate and its forecast agree: whatever is hopeless, even the perfect candidate does not pass."""
    y, clusters = holdout(days)
    perfect = np.clip(y, 0.01, 0.99)
    evidence = Evidence(
        "binary", y, perfect, np.full(len(y), 0.4) if champion else None, np.full(len(y), 0.4), clusters
    )
    hopeless = gate.hopeless(Prospect("binary", y, clusters, champion))
    assert (hopeless is None) == (gate.judge(evidence).outcome is Outcome.PASSED)


def told(low: float, high: float, rows: int, bar: float = 0.02) -> Verdict:
    return Verdict("not_worse_than_champion", Outcome.CANNOT_TELL, "", 0.0, low, high, bar, rows)


def test_a_margin_that_the_interval_dwarfs_is_refused_with_the_rows_that_it_takes() -> None:
    gate = NotWorseThanChampion("log_loss", margin=0.02)
    reason = gate.hopeless(prospect(28, 3, told(-0.1, 0.1, 560)))
    assert reason.startswith(
        "this holdout cannot detect your margin. It is 0.02, and on 560 rows the interval would reach"
    )
    assert "would reach about 0.1 to either side (it was 0.1 on 560)" in reason
    assert "would pass in 9 of 100 cases; wanted about 31,9" in reason
    assert gate.hopeless(prospect(28, 3, told(-0.1, 0.1, 560, bar=0.03))) is None
    assert gate.hopeless(prospect(28, 3, told(-0.03, 0.03, 560))) is None
    assert gate.hopeless(prospect(28, 3, told(-0.1, 0.1, 560), told(-0.03, 0.03, 560))) is None
    assert gate.hopeless(prospect(28, None, told(-0.1, 0.1, 560))) is None
    assert gate.hopeless(prospect(28, 3, told(0.0, 0.0, 560))) is None


def test_where_candidates_were_better_than_an_ageing_champion_the_next_one_is_tried() -> None:
    """Or a champion that everything beats would serve for ever, because nothing can be told to be its equal."""
    gate = NotWorseThanChampion("log_loss", margin=0.02)
    better = replace(told(-0.19, 0.01, 560), effect=-0.09)
    assert gate.hopeless(prospect(28, 3, better)) is None
    assert gate.hopeless(prospect(28, 3, told(-0.1, 0.1, 560), better)) is None
    worse = replace(told(-0.01, 0.19, 560), effect=0.09)
    assert "even a candidate as good as the champion" in gate.hopeless(prospect(28, 3, worse))
    little = replace(told(-0.11, 0.09, 560), effect=-0.001)
    assert "by 0.001 better than the champion, as the best one so far was, would pass in" in gate.hopeless(
        prospect(28, 3, little)
    )


@pytest.mark.parametrize("ratio", [0.25, 1.0, 1.5])
def test_the_forecast_is_how_often_an_equal_candidate_passes(ratio: float) -> None:
    """600 holdouts, two models of equal skill: the share that passes is the one that was forecast."""
    passed, margin, reaches = 0, 0.004, []
    random = np.random.default_rng(5)
    scale = 0.2 / ratio
    clusters = np.repeat(np.arange(60), 10)
    for _ in range(600):
        y = (random.random(600) < 0.5).astype(float)
        ours, theirs = (np.clip(0.5 + scale * random.uniform(-0.5, 0.5, 600), 0.01, 0.99) for _ in range(2))
        found = NotWorseThanChampion("brier", margin=margin).judge(
            Evidence("binary", y, ours, theirs, np.full(600, 0.5), clusters)
        )
        passed += found.outcome is Outcome.PASSED
        reaches.append((found.high - found.low) / 2)
    forecast = chance_of_equal(margin, float(np.mean(reaches)))
    assert passed / 600 == pytest.approx(forecast, abs=0.06)


def test_the_rows_that_are_wanted_let_an_equal_candidate_pass_four_times_in_five() -> None:
    seen = foresee(prospect(28, 3, told(-0.1, 0.1, 560)), "not_worse_than_champion", 0.02, "log_loss")
    for level in (0.95, 0.985):
        rows = seen.rows_for(0.02, level)
        assert chance_of_equal(0.02, seen.reach(rows, level), level) == pytest.approx(0.8, abs=1e-3)
        assert seen.detectable(rows, level) == pytest.approx(0.02, rel=1e-3)


def alone(seed: int = 3, rows: int = 560) -> Evidence:
    """What the champion was judged on itself: right as often as its scores say."""
    random = np.random.default_rng(seed)
    chance = random.uniform(0.1, 0.9, rows)
    y = (random.random(rows) < chance).astype(float)
    return Evidence("binary", y, chance, None, np.full(rows, 0.5), np.repeat(np.arange(28), rows // 28))


def test_without_an_earlier_judgement_the_champions_own_losses_foretell_the_interval() -> None:
    gate = NotWorseThanChampion("log_loss", margin=0.0002)
    first = replace(prospect(28), alone=alone())
    assert "(the champion's own loss was known to 0.0" in gate.hopeless(first)
    assert "go together by 0.99), so even a candidate as good as the champion would pass in" in gate.hopeless(first)
    assert NotWorseThanChampion("log_loss", margin=0.02).hopeless(first) is None
    assert gate.hopeless(replace(first, said=(told(-0.0001, 0.0001, 560, bar=0.0002),))) is None, "what was seen counts"
    assert gate.hopeless(replace(first, alone=None)) is None
    few = replace(alone(), clusters=np.zeros(560, dtype="int64"))
    assert gate.hopeless(replace(first, alone=few)) is None


@pytest.mark.parametrize("together", [0.99, 0.95])
def test_what_is_foretold_is_reached_by_models_that_go_together_so_closely(together: float) -> None:
    """Exactly with the correlation that is assumed, and further with any lower one: so nobody is refused too soon."""
    random, days = np.random.default_rng(9), np.repeat(np.arange(400), 10)
    truth = random.normal(size=4000)
    errors = random.multivariate_normal([0, 0], [[1, together], [together, 1]], 4000).T
    ours, theirs = truth + np.exp(errors / 10)
    evidence = Evidence("regression", truth, ours, theirs, truth, days)
    own = Evidence("regression", truth, theirs, None, truth, days)
    seen = foresee(Prospect("regression", truth, days, 1, alone=own), "not_worse_than_champion", 0.1, "squared")
    found = NotWorseThanChampion("squared", margin=0.1).judge(evidence)
    ratio = (found.high - found.low) / 2 / seen.reach(4000, 0.95)
    assert ratio == pytest.approx(((1 - together) / 0.01) ** 0.5, rel=0.15)


def test_a_stricter_level_asks_for_more_rows() -> None:
    gate, loose = NotWorseThanChampion("log_loss", margin=0.02), prospect(28, 3, told(-0.05, 0.05, 560))
    assert gate.hopeless(loose) is None
    assert "cannot detect" in gate.hopeless(replace(loose, standing=Standing(level=0.998)))


@pytest.mark.parametrize("gate", GATES[1:], ids=NAMES[1:])
def test_a_spent_holdout_is_known_before_the_training(gate: Any) -> None:
    assert "is spent" in gate.hopeless(replace(prospect(28), standing=Standing(uses=9, most=9)))
