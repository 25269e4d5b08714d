"""Whether scores mean what they did."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.calibration_drift import CalibrationDrift
from everfit.values import Outcome
from tests.monitors.conftest import NOW, rows, seen, without_labels
from tests.monitors.toys import BEFORE, late, of_numbers, of_three
from tests.nulls import draws

RUNS = draws(150)
THREE = {"task": "multiclass", "names": ("a", "b", "c")}


def flatter(x, city):
    return 1 / (1 + np.exp(-0.4 * (x - 0.5 + 0.8 * (city == 1))))


def more(x, city):
    return 1 / (1 + np.exp(-(x + 0.3 + 0.8 * (city == 1))))


@pytest.mark.parametrize("moved", [0.0, 1.0])
def test_where_scores_mean_what_they_did_it_is_rarely_harm_wherever_inputs_are(moved):
    """At bars of next to nothing."""
    harms = 0
    for seed in range(RUNS):
        before, window = rows(2 * seed, until=BEFORE, per_day=50), rows(2 * seed + 1, per_day=50, moved=moved)
        harms += CalibrationDrift(1e-9, 1e-9).watch(seen(before, window, level=0.05)).harms
    assert harms / RUNS <= 0.07


def test_a_drift_is_called_by_its_name(reference):
    found = CalibrationDrift().watch(seen(reference, rows(1, truth=more)))
    assert found.outcome is Outcome.FAILED
    assert found.reason.startswith("1 came 18 points more often than scores meant when it was judged: 41 % off (surely")
    assert [part.name for part in found.parts] == ["1: how often", "1: slope"]
    bent = CalibrationDrift().watch(seen(reference, rows(1, truth=flatter)))
    assert bent.harms
    assert "scores of 1 say less than they did" in next(part.reason for part in bent.parts if part.name == "1: slope")
    assert CalibrationDrift().watch(seen(reference, rows(1))).outcome is not Outcome.FAILED


def test_each_of_several_classes_has_its_own(reference):
    before, quiet, turned = of_three(0, until=BEFORE), of_three(1), of_three(2, turned=0.6)
    assert not CalibrationDrift().watch(seen(before, quiet, **THREE)).harms
    found = CalibrationDrift().watch(seen(before, turned, **THREE))
    assert found.harms
    assert {part.name for part in found.parts} == {
        f"{name}: {what}" for name in "abc" for what in ("how often", "slope")
    }


def test_quantiles_promise_a_share():
    before = of_numbers(0, until=BEFORE, columns=2)
    as_quantile = {"task": "quantile", "loss": "pinball", "levels": (0.2, 0.8)}
    assert not CalibrationDrift().watch(seen(before, of_numbers(1, columns=2), **as_quantile)).harms
    found = CalibrationDrift().watch(seen(before, of_numbers(1, columns=2, off=1.0), **as_quantile))
    assert found.harms
    assert "of labels are up to the 0.8 quantile" in found.reason


def test_labels_of_one_kind_that_come_late_are_no_drift(reference):
    """Positives are told after 8 days, negatives after one: of the labels that came too few are positive."""
    random, harms = np.random.default_rng(1), 0
    for seed in range(15):
        some = rows(seed + 1)
        window = late(some, random, np.where(some.y == 1, 8, 1))
        assert np.nanmean(window.y) < some.y.mean() - 0.04
        harms += CalibrationDrift(0.02, 0.1).watch(seen(reference, window, level=0.05)).harms
    assert harms <= 2


def test_what_cannot_be_told_is_said(reference):
    for situation, words in (
        (seen(reference, without_labels(rows(1))), "it takes 30"),
        (seen(replace(reference, y=reference.y * 0), rows(1)), "no class has come often enough"),
    ):
        found = CalibrationDrift().watch(situation)
        assert found.outcome is Outcome.CANNOT_TELL
        assert words in found.reason


def test_only_old_rows_count_where_only_positives_are_told(reference):
    some = rows(1)
    window = late(some, np.random.default_rng(1), 3, told=some.y == 1)
    found = CalibrationDrift(labels="positives").watch(seen(reference, window))
    assert not found.harms
    assert found.n < 0.8 * some.rows
    assert window.at.max() < NOW.timestamp()


@pytest.mark.parametrize("setting", ["at_most_off", "at_most_bent"])
def test_a_bar_of_nothing_is_refused(setting):
    with pytest.raises(ValueError, match=f"{setting}: wanted a number above 0"):
        CalibrationDrift(**{setting: 0})


def test_of_a_fortnight_nobody_knows_how_late_labels_are(reference):
    """Of ten days of late labels three in a hundred looks were harm, at a level of one in three thousand."""
    random = np.random.default_rng(5)
    short, long = (late(rows(3, days=days), random, 4) for days in (10, 28))
    found = CalibrationDrift().watch(seen(reference, short))
    assert found.reason == "labels come late, and how late is known of 10 days: it takes 15"
    assert CalibrationDrift().watch(seen(reference, long)).low is not None
