from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from everfit.gates import Evidence, Prospect, Standing
from everfit.gates.beats_baseline import BeatsBaseline
from everfit.gates.beats_champion import BeatsChampion
from everfit.gates.not_worse_than_champion import NotWorseThanChampion
from everfit.values import Outcome

RANK = {Outcome.FAILED: 0, Outcome.CANNOT_TELL: 1, Outcome.PASSED: 2}
BOTH = [NotWorseThanChampion("log_loss", margin=0.01), BeatsChampion("log_loss")]


def swapped(evidence):
    return replace(evidence, candidate=evidence.champion, champion=evidence.candidate)


def test_two_sides_of_one_comparison(binary):
    one, two = BeatsChampion("log_loss").judge(binary()), BeatsChampion("log_loss").judge(swapped(binary()))
    assert (one.effect, one.low, one.high) == pytest.approx((-two.effect, -two.high, -two.low), abs=1e-12)
    assert (one.outcome, two.outcome) == (Outcome.PASSED, Outcome.FAILED)


def test_a_wider_margin_is_easier(binary):
    ranks = [
        RANK[NotWorseThanChampion("log_loss", float(m)).judge(swapped(binary())).outcome] for m in np.geomspace(1e-4, 1)
    ]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


def test_a_larger_gain_is_harder(binary):
    ranks = [RANK[BeatsChampion("log_loss", by=float(by)).judge(binary()).outcome] for by in np.linspace(0, 0.2)]
    assert ranks == sorted(ranks, reverse=True)
    assert set(ranks) == {0, 1, 2}


def test_a_copy_of_the_champion_is_not_worse_and_not_better(binary):
    copy = replace(binary(), champion=binary().candidate)
    assert NotWorseThanChampion("log_loss", margin=1e-9).judge(copy).outcome is Outcome.PASSED
    verdict = BeatsChampion("log_loss").judge(copy)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith("log loss is no higher than the champion's, at best no higher; wanted lower")


@pytest.mark.parametrize("gate", BOTH, ids=str)
def test_the_first_model_has_nobody_to_compare_with(gate, binary):
    verdict = gate.judge(replace(binary(), champion=None))
    assert verdict.outcome is Outcome.PASSED
    assert verdict.reason == "there is no champion to compare with"


@pytest.mark.parametrize("gate", BOTH, ids=str)
def test_a_champion_that_learnt_from_the_holdout_is_no_measure(gate, binary):
    for champion in (None, binary().champion):
        verdict = gate.judge(replace(binary(), champion=champion, champion_saw_holdout=True))
        assert verdict.outcome is Outcome.CANNOT_TELL
        assert "learnt from rows of this holdout" in verdict.reason


@pytest.mark.parametrize("gate", BOTH, ids=str)
def test_a_champion_without_numbers_is_no_measure(gate, binary):
    verdict = gate.judge(replace(binary(), champion=np.full(binary().rows, np.nan)))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "scores of the champion are not finite" in verdict.reason


def test_words_of_a_non_inferiority(binary):
    verdict = NotWorseThanChampion("log_loss", margin=0.01).judge(binary())
    assert verdict.reason.startswith(f"log loss is {-verdict.effect:.4g} lower than the champion's, at worst ")
    assert "wanted less than 0.01 higher (one-sided 95 %" in verdict.reason


def test_a_candidate_that_knows_nothing_does_not_beat_the_constant(binary):
    evidence = binary()
    mixed = np.random.default_rng(1).permutation(evidence.candidate)
    verdict = BeatsBaseline("log_loss").judge(replace(evidence, candidate=mixed))
    assert verdict.outcome is Outcome.FAILED
    assert "higher than that of a constant answer" in verdict.reason


def test_the_absolute_loss_is_held_against_the_median(regression):
    evidence = regression()
    medians = BeatsBaseline("absolute").judge(replace(evidence, candidate=evidence.baseline_median))
    assert medians.effect == 0
    assert medians.outcome is Outcome.FAILED


@pytest.mark.parametrize("gate", BOTH, ids=str)
def test_more_confidence_asks_for_more(gate, binary):
    """The level of the interval is the standing's, and p is below what is left of it where the gate passes."""
    for level in (0.8, 0.95, 0.99, 0.999999):
        verdict = gate.judge(replace(binary(), standing=Standing(level=level)))
        assert verdict.level == level
        assert (verdict.p < 1 - level) == (verdict.outcome is Outcome.PASSED)
        assert f"one-sided {100 * level:.4g} %" in verdict.reason


def test_the_verdict_says_why_its_level_is_what_it_is(binary):
    standing = Standing(level=0.989, because="Judged at 1.1 %: decision 2 of 52")
    verdict = BeatsChampion("log_loss").judge(replace(binary(), standing=standing))
    assert verdict.reason.endswith(" days). Judged at 1.1 %: decision 2 of 52")


@pytest.mark.parametrize("gate", [*BOTH, BeatsBaseline("brier")], ids=str)
def test_a_spent_holdout_tells_nothing_more(gate, binary):
    verdict = gate.judge(replace(binary(), standing=Standing(uses=50, most=50)))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "this holdout has judged 50 candidates and is spent" in verdict.reason
    assert gate.judge(replace(binary(), standing=Standing(uses=49, most=50))) == gate.judge(binary())


def test_a_margin_that_the_rows_cannot_show_is_named_with_one_that_they_could(binary):
    equal = binary(noise=0.5)
    equal = replace(equal, candidate=np.roll(equal.champion, 1) * 0.02 + equal.champion * 0.98)
    found = NotWorseThanChampion("brier", margin=1e-6).judge(equal)
    assert found.outcome is Outcome.CANNOT_TELL
    said = (
        f"This holdout cannot detect your margin: it takes one of {found.detectable:.2g} to be shown four times in five"
    )
    assert said in found.reason
    assert "cannot detect" not in NotWorseThanChampion("brier", margin=2 * found.detectable).judge(equal).reason


def test_an_equal_candidate_passes_four_times_in_five_at_the_margin_that_can_be_detected():
    random, days = np.random.default_rng(8), np.repeat(np.arange(40), 15)
    passed, detectable = [], []
    for _ in range(800):
        y = (random.random(600) < 0.5).astype(float)
        ours, theirs = (np.clip(0.5 + 0.3 * random.uniform(-0.5, 0.5, 600), 0.01, 0.99) for _ in range(2))
        evidence = Evidence("binary", y, ours, theirs, np.full(600, 0.5), days, standing=Standing(level=0.98))
        detectable.append(NotWorseThanChampion("brier", margin=0.02).judge(evidence).detectable)
        passed.append(NotWorseThanChampion("brier", margin=float(np.mean(detectable))).judge(evidence).outcome)
    assert np.mean([one is Outcome.PASSED for one in passed]) == pytest.approx(0.8, abs=0.04)


def test_the_auc_is_compared_in_its_own_words(binary):
    """The loss is what is missing to 1; the words speak of the area, of which more is better."""
    evidence = binary()
    verdict = BeatsChampion("auc").judge(evidence)
    areas = [roc_auc_score(evidence.y, scores) for scores in (evidence.candidate, evidence.champion)]
    assert verdict.effect == pytest.approx(areas[1] - areas[0], abs=1e-12)
    assert verdict.outcome is Outcome.PASSED
    assert verdict.reason.startswith(f"AUC is {areas[0] - areas[1]:.4g} higher than the champion's, at worst 0.")
    assert "higher; wanted higher (" in verdict.reason
    worse = NotWorseThanChampion("auc", margin=0.01).judge(swapped(evidence))
    assert worse.outcome is Outcome.FAILED
    assert "lower than the champion's, at best 0." in worse.reason
    assert "wanted less than 0.01 lower" in worse.reason
    assert "wanted more than 0.5 higher" in BeatsChampion("auc", by=0.5).judge(evidence).reason


def test_an_auc_takes_days_with_either_label(binary):
    evidence = binary()
    rare = replace(evidence, y=np.where(evidence.clusters < 5, evidence.y, 0.0))
    verdict = BeatsChampion("auc").judge(rare)
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "only 5 days of the holdout have a row with label 1; an AUC takes 10" in verdict.reason
    prospect = Prospect("binary", rare.y, rare.clusters, champion=1)
    assert BeatsChampion("auc").hopeless(prospect) == verdict.reason
    assert BeatsChampion("brier").hopeless(prospect) is None


def test_where_rows_are_right_or_wrong_mcnemar_is_told(binary):
    evidence = binary()
    verdict = BeatsChampion("zero_one").judge(evidence)
    wrong, theirs = ((scores >= 0.5) != evidence.y for scores in (evidence.candidate, evidence.champion))
    ours = (wrong & ~theirs).sum(), (theirs & ~wrong).sum()
    assert f"the candidate has {ours[0]:,} and the champion {ours[1]:,} (p " in verdict.test
    assert "McNemar by day p " in verdict.test
    assert "McNemar" not in BeatsChampion("brier").judge(evidence).test
