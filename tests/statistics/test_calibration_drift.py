"""Calibration drift is told from inputs that move along a curve that never was right."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import ttest_ind

from everfit.statistics.calibration_drift import calibration_drift, difference
from everfit.statistics.estimated import calibrate
from everfit.statistics.interval import estimate, mean
from tests.nulls import draws

RUNS = draws(300)


def rows(rng, days, *, moved=0.0, more=0.0, flat=1.0, shocks=0.3):
    """A model that is too bold, a hundred rows a day: inputs that moved, more that comes, scores that say less."""
    day = np.repeat(np.arange(days), 100)
    known = -1 + 1.2 * rng.normal(moved, 1, len(day))
    chance = expit(flat * known + more + shocks * rng.normal(size=days)[day])
    return (rng.random(len(day)) < chance).astype(float), expit(0.6 + 1.35 * known), day


def alarms(rng, runs, **now):
    """In which share of runs the drift of either is outside of its interval, both ends of which have 97.5 %."""
    large = slope = 0
    for _ in range(runs):
        past = calibrate(*rows(rng, 60))
        found = calibration_drift(*rows(rng, 14, **now), past, level=0.975)
        large += not found.large.low <= 0 <= found.large.high
        slope += not found.slope.low <= 1 <= found.slope.high
    return large / runs, slope / runs


@pytest.mark.parametrize("moved", [0.0, 0.8])
def test_where_scores_mean_what_they_did_it_rarely_sees_a_drift(moved):
    assert max(alarms(np.random.default_rng([1, int(moved > 0)]), RUNS, moved=moved)) < 0.09


def test_a_drift_is_seen_and_called_by_its_name():
    rng = np.random.default_rng(2)
    large, slope = alarms(rng, 60, more=0.5)
    assert large > 0.9
    assert slope < 0.2
    assert alarms(rng, 60, flat=0.6)[1] > 0.9


def test_comparing_the_errors_would_take_moving_inputs_for_it():
    rng, seen = np.random.default_rng(3), 0
    for _ in range(60):
        (y, scores, day), (came, said, then) = rows(rng, 14, moved=0.8), rows(rng, 60)
        raw = difference(estimate(mean(y - scores), day, 0.975), estimate(mean(came - said), then, 0.975))
        seen += not raw.low <= 0 <= raw.high
    assert seen / 60 > 0.4


def test_what_the_past_is_unsure_of_widens_the_interval():
    rng = np.random.default_rng(4)
    now = rows(rng, 14)
    many, few = (calibration_drift(*now, calibrate(*rows(rng, days))) for days in (200, 10))
    assert few.large.error > 1.2 * many.large.error
    assert few.slope.error > 1.2 * many.slope.error


def test_there_is_no_slope_where_all_scores_or_labels_are_the_same():
    rng = np.random.default_rng(5)
    past = calibrate(*rows(rng, 30))
    y, scores, day = rows(rng, 5)
    assert calibration_drift(y * 0, scores, day, past).slope is None
    assert calibration_drift(y, np.full(len(y), 0.3), day, past).slope is None


def test_the_difference_is_welchs():
    rng = np.random.default_rng(6)
    one, two = rng.normal(1, 1, 12), rng.normal(0, 3, 30)
    found = difference(*(estimate(mean(values), np.arange(len(values)), 0.975) for values in (one, two)))
    wanted = ttest_ind(one, two, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    same = estimate(mean(np.ones(3)), np.arange(3))
    assert (difference(same, same).low, difference(same, same).high) == (0, 0)
