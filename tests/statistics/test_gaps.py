"""Gaps between groups on the same days: equal to the plain formulas where there are any, and true to their level."""

import numpy as np
import pytest
from scipy.stats import norm

from everfit.statistics.by_group import ByDay, by_day
from everfit.statistics.gaps import differences, ratios, widened
from everfit.statistics.interval import effective, estimate, mean
from everfit.statistics.proportions import Share, newcombe

ONE, TWO = np.array([0]), np.array([1])
RUNS = 10_000
TWO_ERRORS = 2 * np.sqrt(0.05 * 0.95 / RUNS)


def rows(seed=0, groups=3, days=25, size=4000):
    rng = np.random.default_rng(seed)
    group, day = rng.integers(0, groups, size), rng.integers(0, days, size)
    has = rng.random(size) < np.clip(0.3 + 0.05 * group + 0.1 * rng.normal(0, 1, days)[day], 0, 1)
    return group, day, has, rng.random(size) < 0.8


def test_effective_rows_give_the_variance_by_day():
    group, day, has, counts = rows(groups=1)
    shares = by_day(group, 1, day, has, counts)
    found = estimate(mean(has[counts].astype(float)), day[counts])
    assert shares.value[0] == pytest.approx(found.value)
    assert float(np.sqrt(shares.share.variance[0])) == pytest.approx(found.error, rel=1e-12)
    assert shares.share.freedom[0] == pytest.approx(effective(day[counts]) - 1)
    assert shares.share.rows[0] < shares.total[0] / 3


def test_a_lucky_group_is_believed_no_more_than_all_together():
    wild = np.tile([10.0, 2.0], 10)
    calm = np.full(20, 6.0)
    shares = ByDay(np.full((2, 20), 12.0), np.array([wild, calm])).share
    assert shares.rows[0] < shares.rows[1] < 240
    nobody = ByDay(np.full((2, 20), 12.0), np.array([wild, np.zeros(20)])).share
    assert 20 <= nobody.rows[1] < 240
    assert ByDay(np.full((1, 20), 12.0), np.zeros((1, 20))).share.rows[0] == pytest.approx(20)


def test_the_rest_are_all_other_rows():
    group, day, has, counts = rows()
    shares = by_day(group, 3, day, has, counts).with_rest()
    assert shares.value[3] == pytest.approx(has[counts & (group != 0)].mean())
    assert shares.of(np.array([5])).total[0] == (counts & (group != 2)).sum()


def test_alike_rows_of_one_day_are_newcombes_interval():
    """Where each row has its own day, the effective rows are the rows and nothing is correlated."""
    group = np.repeat([0, 1], [70, 80])
    has = np.r_[np.arange(70) < 56, np.arange(80) < 48]
    gaps = differences(by_day(group, 2, np.arange(150), has, np.full(150, True)), ONE, TWO)
    plain = newcombe(Share.of(56, 70), Share.of(48, 80), level=0.975)
    assert gaps.effect[0] == pytest.approx(0.2)
    assert gaps.low[0] == pytest.approx(float(plain[0]), abs=0.01)  # t and the jackknife make it a little wider
    assert gaps.high[0] == pytest.approx(float(plain[1]), abs=0.01)


def test_gaps_have_no_sign():
    group, day, has, counts = rows(7)
    shares = by_day(group, 3, day, has, counts)
    for method in (differences, ratios):
        there, back = method(shares, ONE, TWO), method(shares, TWO, ONE)
        assert (there.effect[0], there.low[0], there.high[0]) == pytest.approx(
            (back.effect[0], back.low[0], back.high[0]), abs=1e-9
        )
        assert there.chance(0.1) == pytest.approx(back.chance(0.1), abs=1e-6)
    same = widened(shares, shares, ONE, TWO)
    assert (same.effect[0], same.low[0], same.high[0]) == (0, 0, 0)


def test_more_comparisons_ask_more_of_a_failure_and_not_of_a_pass():
    group, day, has, counts = rows(8)
    shares = by_day(group, 3, day, has, counts)
    for method in (differences, ratios):
        alone, among = method(shares, ONE, TWO), method(shares, ONE, TWO, among=50)
        assert among.low[0] < alone.low[0]
        assert among.high[0] == alone.high[0]


def drawn(rng, shares, per_day, days, together, runs, apart=0.0):
    """Normal moods of the days, one for all groups and one for each, move shares that are exact on average."""
    of = len(shares)
    for _ in range(runs):
        counts = rng.poisson(np.array(per_day)[:, None], (of, days)) + 1
        mood = np.sqrt(together) * rng.normal(0, 1, days) + np.sqrt(apart) * rng.normal(0, 1, (of, days))
        chance = norm.cdf((norm.ppf(np.array(shares))[:, None] - mood) / np.sqrt(1 - together - apart))
        yield ByDay(counts.astype(float), rng.binomial(counts, chance).astype(float))


@pytest.mark.parametrize(
    ("shares", "per_day", "together", "apart"),
    [((0.3, 0.2), (20, 20), 0.1, 0.02), ((0.12, 0.02), (40, 40), 0.0, 0.2), ((0.05, 0.15), (8, 60), 0.15, 0.05)],
    ids=["days move both", "days move each", "a small group"],
)
def test_a_difference_at_the_bar_is_rarely_put_on_one_side(shares, per_day, together, apart):
    rng = np.random.default_rng([1, *per_day])
    bar, passed, failed, by_row = abs(shares[0] - shares[1]), 0, 0, 0
    for found in drawn(rng, shares, per_day, 30, together, RUNS, apart):
        gap = differences(found, ONE, TWO)
        passed += gap.high[0] < bar
        failed += gap.low[0] >= bar
        low, high = newcombe(*(Share(found.value[k], found.total[k]) for k in (0, 1)))
        by_row += max(high, -low) < bar
    assert passed / RUNS < 0.05 + TWO_ERRORS
    assert failed / RUNS < 0.05 + TWO_ERRORS
    assert by_row / RUNS > 0.06  # taken for independent, rows break the promise


@pytest.mark.parametrize(("shares", "per_day"), [((0.3, 0.2), (20, 20)), ((0.05, 0.15), (8, 60))])
def test_a_ratio_at_the_bar_is_rarely_put_on_one_side(shares, per_day):
    rng = np.random.default_rng([2, *per_day])
    runs, passed, failed = 1000, 0, 0
    bar = abs(np.log(shares[0] / shares[1]))
    for found in drawn(rng, shares, per_day, 30, 0.1, runs, 0.03):
        gap = ratios(found, ONE, TWO)
        passed += gap.high[0] < bar
        failed += gap.low[0] >= bar
    assert max(passed, failed) / runs < 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)


def test_a_gap_that_is_wider_by_the_bar_is_rarely_called_no_wider():
    rng = np.random.default_rng(3)
    runs, passed, failed = RUNS // 4, 0, 0
    for ours, extra in zip(drawn(rng, (0.3, 0.2), (20, 20), 30, 0.1, runs, 0.02), rng.random((runs, 30)), strict=True):
        theirs = ours.hits.copy()
        theirs[0] -= rng.binomial(theirs[0].astype(int), 0.2 * 2 * extra)  # one in five on average: 0.24 and 0.2
        gap = widened(ours, ByDay(ours.rows, theirs), ONE, TWO)
        passed += gap.high[0] < 0.06
        failed += gap.low[0] >= 0.06
    assert max(passed, failed) / runs < 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)


def test_with_many_pairs_none_is_falsely_beyond_the_bar():
    """Bonferroni: eight groups, all pairs but one alike, that one at the bar."""
    rng = np.random.default_rng(4)
    one, two = np.triu_indices(8, 1)
    shares = (0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.2, 0.3)
    runs, passed, failed = 600, 0, 0
    for found in drawn(rng, shares, (20,) * 8, 30, 0.1, runs):
        gap = differences(found, one, two)
        passed += gap.high.max() < 0.1
        failed += gap.low.max() >= 0.1
    assert max(passed, failed) / runs < 0.05
