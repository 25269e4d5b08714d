"""Shares of rows that go together by day: published bounds, and how often they miss."""

import numpy as np
import pytest
from scipy.stats import binomtest

from everfit.statistics.share import share

RUNS = 1000


@pytest.mark.parametrize(("hits", "rows"), [(0, 10), (81, 263), (15, 148), (29, 29)])
def test_rows_that_have_nothing_to_do_with_each_other_have_clopper_and_pearsons_bounds(hits, rows):
    """The four examples of Newcombe (Statistics in Medicine 17 (1998) 857-872), each row a day of its own."""
    found = share(np.arange(rows) < hits, np.arange(rows), 0.975)
    exact = binomtest(hits, rows).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.002)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_the_bounds_miss_once_in_twenty_though_days_differ(spread):
    rng, high, low = np.random.default_rng(int(spread)), 0, 0
    days = np.repeat(np.arange(30), 60)
    logits = rng.normal(-2.9, 1, 100_000) if spread else np.full(1, -2.9)
    truth = float(np.mean(1 / (1 + np.exp(-logits))))
    for _ in range(RUNS):
        chance = 1 / (1 + np.exp(2.9 - rng.normal(0, spread, 30)))[days]
        found = share(rng.random(len(days)) < chance, days)
        high += found.high < truth
        low += found.low > truth
    allowed = 0.05 + 2 * np.sqrt(0.05 * 0.95 / RUNS)
    assert low / RUNS < allowed
    assert high / RUNS < (allowed if not spread else 0.09)  # days as lopsided as these miss more often on one side


def test_rows_of_a_day_that_say_the_same_are_worth_few():
    together = share(np.repeat([True, False] * 10, 50), np.repeat(np.arange(20), 50))
    apart = share(np.tile([True, False], 500), np.repeat(np.arange(20), 50))
    assert together.worth < 20
    assert apart.worth == apart.rows == 1000
    assert together.high - together.low > 5 * (apart.high - apart.low)
