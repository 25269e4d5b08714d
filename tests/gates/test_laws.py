"""What holds for every gate."""

from dataclasses import FrozenInstanceError, replace
from math import isfinite

import numpy as np
import pytest

from everfit import catalog
from everfit.gates import Evidence
from everfit.gates.above_bar import AboveBar
from everfit.gates.answers_sanely import AnswersSanely
from everfit.gates.answers_when_served import AnswersWhenServed
from everfit.gates.beats_baseline import BeatsBaseline
from everfit.gates.beats_champion import BeatsChampion
from everfit.gates.behaves import Behaves
from everfit.gates.features_alike import FeaturesAlike
from everfit.gates.harms_no_slice import HarmsNoSlice
from everfit.gates.holds_over_time import HoldsOverTime
from everfit.gates.is_calibrated import IsCalibrated
from everfit.gates.leaks_no_label import LeaksNoLabel
from everfit.gates.no_hidden_harm import NoHiddenHarm
from everfit.gates.not_slower import NotSlower
from everfit.gates.not_worse_than_champion import NotWorseThanChampion
from everfit.gates.treats_groups_alike import TreatsGroupsAlike
from everfit.values import Outcome, Verdict, dump, load

SLICING = [HarmsNoSlice("log_loss", margin=0.05, by=("carrier", "distance")), NoHiddenHarm("log_loss")]
"""Gates that look at parts of the rows: their interval is that of one part."""

BINARY = [
    AnswersSanely(),
    AboveBar("auc", at_least=0.6),
    AboveBar("log_loss", at_most=0.6),
    AboveBar("brier", at_most=0.2),
    AboveBar("accuracy", at_least=0.6),
    IsCalibrated(),
    *(BeatsBaseline(loss) for loss in ("log_loss", "brier", "zero_one")),
    *(NotWorseThanChampion(loss, margin=0.01) for loss in ("log_loss", "brier", "zero_one")),
    *(BeatsChampion(loss) for loss in ("log_loss", "brier", "zero_one")),
    *SLICING,
    NotWorseThanChampion("auc", margin=0.01),
    BeatsChampion("auc"),
    TreatsGroupsAlike(("carrier",), "equalised_odds", within=0.3),
    TreatsGroupsAlike(("carrier",), "demographic_parity", ratio=0.5, against="the_rest"),
    TreatsGroupsAlike(("carrier",), "equal_opportunity", no_worse_than_champion_by=0.3),
]
REGRESSION = [
    AnswersSanely(),
    *(AboveBar(metric, at_most=9.0) for metric in ("mae", "rmse")),
    AboveBar("r2", at_least=0.5),
    *(gate(loss) for gate in (BeatsBaseline, BeatsChampion) for loss in ("squared", "absolute")),
    *(NotWorseThanChampion(loss, margin=1.0) for loss in ("squared", "absolute")),
]
ASKING = [
    AnswersWhenServed(),
    Behaves({"hour": "increasing"}),
    FeaturesAlike(),
    HoldsOverTime("log_loss"),
    LeaksNoLabel(),
    NotSlower(),
]
"""Gates that ask the model itself: what they say of it is tested beside this file, each by itself."""
MEASURING = [gate for gate in BINARY if not isinstance(gate, AnswersSanely)]


def shuffled(evidence: Evidence, seed: int) -> Evidence:
    order = np.random.default_rng(seed).permutation(evidence.rows)
    frame = evidence.to_frame().iloc[order]
    frame.attrs = evidence.to_frame().attrs
    return Evidence.from_frame(frame)


def test_every_gate_here_is_in_the_catalog():
    assert {catalog.name_of(type(gate)) for gate in [*BINARY, *REGRESSION, *ASKING]} == set(catalog.gates())


@pytest.mark.parametrize("gate", ASKING, ids=str)
def test_a_gate_that_measures_cannot_tell_if_nothing_was_measured(gate, binary):
    verdict = gate.judge(binary())
    assert verdict == gate.judge(binary())
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert len(verdict.reason) > 20


@pytest.mark.parametrize("gate", BINARY, ids=str)
def test_binary_verdicts_are_whole_and_deterministic(gate, binary):
    verdict = gate.judge(binary())
    assert verdict == gate.judge(binary())
    assert load(Verdict, dump(verdict)) == verdict
    assert verdict.gate == catalog.name_of(type(gate))
    assert "binary" in gate.tasks
    assert verdict.outcome is Outcome.PASSED
    assert len(verdict.reason) > 20


@pytest.mark.parametrize("gate", REGRESSION, ids=str)
def test_regression_verdicts_pass_a_good_candidate(gate, regression):
    verdict = gate.judge(regression())
    assert "regression" in gate.tasks
    assert verdict.outcome is Outcome.PASSED, verdict.reason


@pytest.mark.parametrize("gate", [gate for gate in MEASURING if gate not in SLICING], ids=str)
def test_the_interval_holds_the_effect_and_the_reason_the_numbers(gate, binary):
    verdict = gate.judge(binary())
    assert verdict.low < verdict.effect < verdict.high
    assert verdict.bar is not None
    assert verdict.n == binary().rows
    assert f"{verdict.n:,} rows of 30 days" in verdict.reason
    assert "degrees of freedom" in verdict.test


@pytest.mark.parametrize("gate", BINARY, ids=str)
def test_the_order_of_rows_does_not_matter(gate, binary):
    one, two = gate.judge(binary()), gate.judge(shuffled(binary(), 5))
    assert (one.outcome, one.reason) == (two.outcome, two.reason)
    if one.effect is not None:
        assert (one.effect, one.low, one.high) == pytest.approx((two.effect, two.low, two.high), abs=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("gate", MEASURING, ids=str)
def test_a_score_that_is_no_number_is_not_judged(gate, bad, binary):
    evidence = binary()
    verdict = gate.judge(replace(evidence, candidate=np.where(np.arange(evidence.rows) < 3, bad, evidence.candidate)))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "3 of" in verdict.reason
    assert verdict.effect is None


@pytest.mark.parametrize("gate", MEASURING, ids=str)
def test_few_days_are_not_judged(gate, binary):
    verdict = gate.judge(binary(days=9))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "9 days" in verdict.reason


@pytest.mark.parametrize("gate", MEASURING, ids=str)
def test_rows_that_bunch_on_one_day_are_not_judged(gate, binary):
    evidence = binary()
    verdict = gate.judge(replace(evidence, clusters=np.maximum(evidence.clusters - 18, 0)))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "bunch" in verdict.reason


@pytest.mark.parametrize("gate", [*BINARY, *REGRESSION], ids=str)
def test_an_empty_holdout_is_not_judged(gate, binary, regression):
    made = binary() if "binary" in gate.tasks else regression()
    frame = made.to_frame().iloc[:0]
    frame.attrs = made.to_frame().attrs
    assert gate.judge(Evidence.from_frame(frame)).outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize("gate", [*BINARY, *REGRESSION], ids=str)
def test_a_constant_label_does_not_break_a_gate(gate, binary, regression):
    evidence = binary() if "binary" in gate.tasks else regression()
    verdict = gate.judge(replace(evidence, y=np.ones(evidence.rows)))
    assert all(number is None or isfinite(number) for number in (verdict.effect, verdict.low, verdict.high))


@pytest.mark.parametrize("gate", BINARY, ids=str)
def test_settings_do_not_change(gate):
    with pytest.raises(FrozenInstanceError, match="cannot assign"):
        gate.loss = "brier"
