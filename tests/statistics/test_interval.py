"""The cluster-robust interval: equal to known formulas where there are any, and true to its level where not."""

import numpy as np
import pytest
from scipy import stats

from everfit.statistics.interval import Measured, effective, estimate, mean
from tests.nulls import allowed, draws

RUNS = draws(4000)


def test_with_a_row_per_cluster_it_is_students_interval():
    values = np.random.default_rng(1).normal(3, 2, 50)
    found = estimate(mean(values), np.arange(50))
    low, high = stats.t.interval(0.9, 49, loc=values.mean(), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)


def test_it_is_the_jackknife_that_leaves_out_a_day():
    rng = np.random.default_rng(2)
    day = np.repeat(np.arange(12), rng.integers(1, 40, 12))
    values = rng.normal(0, 1, len(day)) + day
    without = np.array([values[day != d].mean() for d in range(12)])
    error = np.sqrt(11 / 12 * np.sum((without - values.mean()) ** 2))
    found = estimate(mean(values), day)
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.95, effective(day) - 1) * error, rel=1e-12)


def test_a_day_with_most_of_the_rows_leaves_little():
    assert effective(np.repeat(np.arange(10), 50)) == pytest.approx(10)
    assert effective(np.repeat(np.arange(10), [1000, *[1] * 9])) < 1.1


def test_order_of_rows_and_names_of_days_do_not_matter():
    rng = np.random.default_rng(3)
    day, values, order = rng.integers(0, 15, 400), rng.normal(0, 1, 400), rng.permutation(400)
    a, b = estimate(mean(values), day), estimate(mean(values[order]), 1000 - 7 * day[order])
    assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high), rel=1e-9)
    assert (a.rows, a.clusters) == (b.rows, b.clusters) == (400, 15)


def test_repeating_the_rows_of_a_day_adds_no_certainty():
    day = np.repeat(np.arange(20), 10)
    values = np.random.default_rng(4).normal(0, 1, 20)[day]
    once, thrice = estimate(mean(values), day), estimate(mean(np.tile(values, 3)), np.tile(day, 3))
    assert once.high - once.low == pytest.approx(thrice.high - thrice.low, rel=1e-9)


def test_one_cluster_has_no_interval():
    with pytest.raises(ValueError, match="at least 2 clusters, found 1"):
        estimate(Measured(0.0, np.zeros(5)), np.zeros(5, dtype=np.int64))


@pytest.mark.parametrize(("days", "unequal"), [(10, False), (30, False), (10, True), (30, True)])
def test_each_end_misses_one_time_in_twenty(days, unequal):
    rng = np.random.default_rng([5, days, unequal])
    below = above = 0
    for _ in range(RUNS):
        sizes = rng.integers(2, 120 if unequal else 3, days) if unequal else np.full(days, 20)
        day = np.repeat(np.arange(days), sizes)
        values = rng.normal(0, 1, len(day)) + rng.normal(0, 0.5, days)[day]
        found = estimate(mean(values), day)
        below += found.high < 0
        above += found.low > 0
    assert below / RUNS < allowed(RUNS)
    assert above / RUNS < allowed(RUNS)
    assert (below + above) / RUNS > 0.04  # it is not safe by being wide
