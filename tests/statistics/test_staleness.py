"""How fast models get stale, and what more rows are worth: true where the laws hold, and sure of nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.statistics.learning_curve import learning_curve
from everfit.statistics.staleness import Aging, best_interval, in_loss

SEEN = st.lists(st.tuples(st.integers(0, 50), st.floats(-100, 100)), min_size=6, max_size=30)


def aging(pairs):
    found = Aging()
    for age, loss in pairs:
        found = found.seen(age, loss)
    return found


@given(SEEN, st.integers(0, 30))
def test_sums_merge_in_any_order(pairs, at):
    merged = aging(pairs[at:]).merged(aging(pairs[:at])).line()
    whole = aging(pairs).line()
    assert (merged.fresh, merged.slope) == pytest.approx((whole.fresh, whole.slope), abs=1e-6)


def test_the_line_is_that_of_least_squares():
    random = np.random.default_rng(1)
    ages = random.integers(0, 20, 40).astype(float)
    losses = 5 + 0.3 * ages + random.normal(0, 0.5, 40)
    slope, fresh = np.polyfit(ages, losses, 1)
    line = aging(zip(ages, losses, strict=True)).line()
    assert (line.fresh, line.slope) == pytest.approx((fresh, slope))
    residuals = losses - fresh - slope * ages
    assert line.noise == pytest.approx(np.sqrt(np.sum(residuals**2) / 38))
    assert line.error == pytest.approx(line.noise / np.sqrt(np.sum((ages - ages.mean()) ** 2)))


def test_the_error_of_the_slope_is_true():
    random = np.random.default_rng(2)
    off = []
    for _ in range(500):
        line = aging((age, 5 + 1.0 * age + random.normal()) for age in range(20)).line()
        off.append((line.slope - 1) / line.error)
    assert np.std(off) == pytest.approx(1, abs=0.12)


def test_models_do_not_ripen_and_three_losses_are_needed():
    assert aging([(0, 3.0), (1, 2.0), (2, 1.0)]).line().slope == 0
    assert aging([(0, 3.0), (1, 2.0)]).line() is None
    steep = aging([(0, 0.0), (1, 30.0), (2, 10.0), (3, 40.0), (4, 30.0), (5, 60.0), (6, 50.0)])
    assert steep.line(widest=1.0).slope < steep.line().slope
    assert steep.faded(0.5).line().slope == pytest.approx(steep.line().slope)


def test_the_best_interval_balances_both_costs():
    assert best_interval(1.0, 50.0) == 10
    assert in_loss(100.0, per_loss=2.0, rows=10.0) == 5
    with pytest.raises(ValueError, match="above 0"):
        in_loss(1.0, per_loss=0.0, rows=5)


def test_a_gain_from_more_rows_is_forecast_with_a_true_error():
    random = np.random.default_rng(3)
    rows = np.array([1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000])
    inside = []
    for power in (0.25, 0.4, 0.6):
        truth = 3 * (12_000**-power - 24_000**-power)
        for _ in range(100):
            curve = learning_curve(rows, 0.4 + 3 * rows**-power + random.normal(0, 0.002, len(rows)))
            gain, error = curve.gain(12_000, 24_000)
            inside.append(abs(gain - truth) < 1.645 * error)
    assert np.mean(inside) > 0.85


def test_more_rows_never_harm_and_no_curve_comes_of_one_size():
    worse = learning_curve([100, 200, 400, 800], [0.2, 0.25, 0.3, 0.35])
    assert worse.gain(800, 1600)[0] == 0
    assert learning_curve([100, 200], [0.3, 0.2]) is None
    assert learning_curve([100, 100, 100], [0.3, 0.2, 0.1]) is None
    near = learning_curve([1000, 1001, 1002, 1003], [0.30, 0.31, 0.29, 0.30])
    gain, error = near.gain(1003, 10_000)
    assert error > 0.05 + gain / 4
