"""Nothing is there, and somebody looks 5,000 times: how often each method is wrong, and how often a naive test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from everfit.statistics.anytime import beta_binomial, betting, normal_mixture, quantile, t_mixture, two_rates
from everfit.statistics.anytime.strata import strata
from everfit.statistics.anytime.worth import worth

LOOKS, RUNS, ALPHA = 5_000, 600, 0.05
TIMES = np.arange(1.0, LOOKS + 1)
ALLOWED = ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


def share_of_runs(crossed):
    return float(np.mean([run.any() for run in crossed]))


def test_a_share_watched_with_a_naive_z_is_wrong_half_of_the_time_and_with_the_e_process_as_promised():
    yes = np.cumsum(np.random.default_rng(1).random((RUNS, LOOKS)) < 0.5, axis=1)
    naive = np.abs(yes - TIMES / 2) / np.sqrt(TIMES / 4) > norm.ppf(0.975)
    assert 0.45 < share_of_runs(naive[:, 19:]) < 0.65
    two_sided = beta_binomial.e_value(yes, TIMES - yes, 0.5) >= 1 / ALPHA
    assert 0.01 < share_of_runs(two_sided) <= ALLOWED
    print(f"\na share: naive z {share_of_runs(naive[:, 19:]):.1%}, e-process {share_of_runs(two_sided):.1%}")


@pytest.mark.parametrize("share", [0.01, 0.2])
def test_a_bound_of_a_rare_share_holds_at_every_look(share):
    yes = np.cumsum(np.random.default_rng(2).random((RUNS, LOOKS)) < share, axis=1)[:, ::10]
    n = TIMES[::10]
    assert share_of_runs(beta_binomial.larger(yes, n - yes, share) >= -np.log(ALPHA)) <= ALLOWED
    assert share_of_runs(beta_binomial.larger(n - yes, yes, 1 - share) >= -np.log(ALPHA)) <= ALLOWED


def test_the_mean_of_normal_values_is_never_far_off():
    means = np.cumsum(np.random.default_rng(3).normal(size=(RUNS, LOOKS)), axis=1) / TIMES
    assert share_of_runs(np.abs(means) > normal_mixture.radius(TIMES, 0.01)) <= ALLOWED


def test_the_t_of_normal_values_of_unknown_spread_keeps_its_level():
    values = np.random.default_rng(4).normal(3, 100, (RUNS, LOOKS)) - 3
    means, bars = np.cumsum(values, axis=1) / TIMES, np.array([t_mixture.reach(n, ALPHA) for n in range(1, LOOKS + 1)])
    spread = np.sqrt((np.cumsum(values**2, axis=1) / TIMES - means**2)[:, 1:] * TIMES[1:] / (TIMES[1:] - 1))
    t = means[:, 1:] * np.sqrt(TIMES[1:]) / spread
    assert share_of_runs(t > bars[1:]) <= ALLOWED
    assert share_of_runs(np.abs(t[:, 18:]) > norm.ppf(0.975)) > 0.45, "a naive t is wrong half of the time"


DRAWN = {
    "heavy tails": lambda rng: rng.standard_t(3, LOOKS),
    "skewed": lambda rng: 1 - rng.exponential(size=LOOKS),
    "skewed the other way": lambda rng: rng.exponential(size=LOOKS) - 1,
    "days that differ": lambda rng: rng.normal(size=LOOKS) * np.repeat(rng.lognormal(0, 0.7, 50), 100),
    "rarely anything": lambda rng: 0.02 - (rng.random(LOOKS) < 0.02),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_the_ratio_that_is_watched_keeps_its_level_for_values_that_are_not_normal_too(kind):
    """At a level as low as each signal of the judge has it, where tails count most."""
    rng, runs, alpha = np.random.default_rng(10), 300, 0.01
    looks = np.unique(np.geomspace(20, LOOKS, 30).astype(int))
    wrong = 0
    for _ in range(runs):
        values = DRAWN[kind](rng)
        wrong += any(t_mixture.ratio(values[:n], np.ones(n), alpha, alpha).low > 0 for n in looks)
    assert wrong / runs <= alpha + 2 * np.sqrt(alpha * (1 - alpha) / runs)


def test_pairs_that_fail_alike_are_rarely_called_different_by_betting():
    rng, wrong = np.random.default_rng(5), []
    for _ in range(RUNS):
        trouble = np.repeat(rng.random(50) < 0.1, 100) * 0.2  # common to both: betting assumes nothing about it
        fails = rng.random((2, LOOKS)) < 0.01 + trouble
        apart = fails[0].astype(int) - fails[1]
        counts = np.cumsum(apart[:, None] == np.array([-1, 0, 1]), axis=0)[::5]
        wrong.append(betting.evidence(np.array([-1.0, 0.0, 1.0]), counts, 0.0, -1.0) >= -np.log(ALPHA))
    assert 0 < share_of_runs(wrong) <= ALLOWED


def ramp(rng):
    """A canary whose share grows while things get worse for both: pooled, the challenger looks bad."""
    share = np.repeat([0.05, 0.1, 0.25, 0.5], LOOKS // 4)
    rate = np.repeat([0.01, 0.02, 0.05, 0.1], LOOKS // 4)
    return rng.random(LOOKS) < share, rng.random(LOOKS) < rate


def test_two_arms_with_one_rate_are_rarely_called_different_though_share_and_rate_change():
    rng, wrong, naive = np.random.default_rng(6), [], []
    for _ in range(RUNS):
        ours, failed = ramp(rng)
        cut = strata(TIMES[ours], TIMES[~ours], 0.0, 0.01)
        yes, other_yes = cut.sums(failed[ours].astype(float), failed[~ours].astype(float))
        seen = two_rates.Blocks(yes, cut.rows, other_yes, cut.other_rows)
        wrong.append(np.cumsum(two_rates.gained(seen, 0.0)) >= -np.log(ALPHA))
        naive.append(pooled_z(ours, failed) > norm.ppf(0.95))
    assert share_of_runs(wrong) <= ALLOWED
    assert share_of_runs(naive) > 0.9, "who pools over time sees a difference where there is none"
    print(f"\na share that grows: pooled z {share_of_runs(naive):.1%}, two-sample e-process {share_of_runs(wrong):.1%}")


def pooled_z(ours, failed):
    n1, k1 = np.cumsum(ours), np.cumsum(failed & ours)
    n0, k0 = np.cumsum(~ours), np.cumsum(failed & ~ours)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (k1 + k0) / (n1 + n0)
        z = (k1 / n1 - k0 / n0) / np.sqrt(share * (1 - share) * (1 / n1 + 1 / n0))
    return np.where(n1 >= 20, z, 0)


def test_the_bounds_of_the_difference_of_two_rates_hold_and_close_in():
    rng, widths = np.random.default_rng(7), []
    wrong = 0
    for _ in range(80):
        ours, failed = rng.random(LOOKS) < 0.3, rng.random(LOOKS)
        failed = failed < np.where(ours, 0.08, 0.03)
        cut = strata(TIMES[ours], TIMES[~ours], 0.0, 0.01)
        seen = two_rates.Blocks(
            *(
                x
                for pair in zip(
                    cut.sums(failed[ours] * 1.0, failed[~ours] * 1.0), (cut.rows, cut.other_rows), strict=True
                )
                for x in pair
            )
        )
        low, high = two_rates.at_least(seen, 0.025), two_rates.at_most(seen, 0.025)
        wrong += not low <= 0.05 <= high
        widths.append(high - low)
    assert wrong <= 0.05 * 80 + 2 * np.sqrt(0.05 * 0.95 * 80)
    assert np.median(widths) < 0.06


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_quantile_is_never_outside_its_ranks(share):
    below = np.cumsum(np.random.default_rng(8).random((RUNS, LOOKS)) < share, axis=1)
    looks = np.unique(np.geomspace(10, LOOKS, 60).astype(int)) - 1
    ends = np.array([quantile.ranks(look + 1, share, ALPHA / 2, ALPHA / 2) for look in looks])
    parts = below[:, looks] / (looks + 1)
    assert share_of_runs((parts < ends[:, 0]) | (parts > ends[:, 1])) <= ALLOWED


def test_bursts_break_the_promise_unless_they_are_taken_for_one():
    """Slow requests come in bursts of about 20: 250 of them in 5,000 are worth far fewer rows than 5,000."""
    rng, bursts = np.random.default_rng(9), np.arange(LOOKS) // 20
    looks = np.arange(20 * 25, LOOKS, 100)
    alone, together = [], []
    for _ in range(300):
        slow = (rng.random(LOOKS // 20) < 0.2)[bursts]
        counts = np.cumsum(slow)[looks - 1]
        rows = np.array([worth(slow[:n], np.ones(n), bursts[:n]) for n in looks])
        alone.append(beta_binomial.larger(counts, looks - counts, 0.2) >= -np.log(ALPHA))
        worthy = counts / looks * rows
        together.append(beta_binomial.larger(worthy, rows - worthy, 0.2) >= -np.log(ALPHA))
    assert share_of_runs(alone) > 0.25
    assert share_of_runs(together) <= ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / 300)
