"""The numbers of papers and of their authors' packages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize
from scipy.stats import nct, norm
from scipy.stats import t as student

from everfit.statistics.anytime import beta_binomial, betting, normal_mixture, quantile, t_mixture, two_rates

# The reference values of the package confseq (S. Howard), test/uniform_boundaries_unittest.cpp: 625 rows with a share
# of 0.2, whose variance is 100, and ten more yes than were to be expected.
YES, NO, SHARE, BAR = 135, 490, 0.2, np.log(20)
TWO_SIDED, ONE_SIDED = ((1 / normal_mixture.tuned(100, alpha) - 0.16) / 0.16 for alpha in (0.05, 0.1))


def test_the_beta_binomial_e_process_of_the_paper():
    assert beta_binomial.e_value([10, 5], [10, 25], 0.5) == pytest.approx([0.27026, 243.0553], rel=1e-5)


def test_the_beta_binomial_mixtures_of_confseq():
    two_sided = beta_binomial.e_value(YES, NO, SHARE, TWO_SIDED * SHARE, TWO_SIDED * (1 - SHARE))
    assert np.log(two_sided) == pytest.approx(-0.6941012, abs=1e-6)
    assert beta_binomial.larger(YES, NO, SHARE, ONE_SIDED) == pytest.approx(-0.07134019, abs=1e-6)
    assert beta_binomial.larger(125 + 28.41238, 500 - 28.41238, SHARE, ONE_SIDED) == pytest.approx(BAR, abs=1e-5)


def test_a_quantiles_ranks_are_where_the_beta_binomial_bound_of_confseq_is():
    _, high = quantile.ranks(625, SHARE, 0.05, 0.05, ONE_SIDED)
    assert 625 * high == pytest.approx(125 + 28.41238, abs=1e-3)
    assert quantile.ranks(10, 0.99, 0.05, 0.05)[1] == 1.0, "ten requests say nothing of the upper end of the 99 %"


def test_the_normal_mixture_of_the_paper_and_of_confseq():
    assert normal_mixture.radius(np.array([100, 1_000, 10_000]), 0.01) == pytest.approx(
        [0.365639, 0.096064, 0.032730], abs=1e-6
    )
    assert 1 / normal_mixture.tuned(100) == pytest.approx(12.60056, abs=1e-5)
    assert 100 * normal_mixture.radius(100, normal_mixture.tuned(100)) == pytest.approx(30.35209, abs=1e-5)


@pytest.mark.parametrize("blocks", [30, 200])
def test_the_mixture_of_t_is_the_integral_over_effects(blocks):
    """At its reach the one-sided evidence is what it has to be, and hardly more."""
    far, spread = t_mixture.reach(blocks, 0.01), 1 / np.sqrt(t_mixture.PRIOR)
    over = integrate.quad(
        lambda effect: nct.pdf(far, blocks - 1, effect * np.sqrt(blocks)) * norm.pdf(effect, scale=spread),
        *(0, 8 * spread),
    )[0]
    assert 100 <= 2 * over / student.pdf(far, blocks - 1) <= 101


def test_with_many_blocks_the_t_is_the_normal_mixture():
    many = 1_000_000
    two_sided = normal_mixture.radius(many, 1 / t_mixture.PRIOR, alpha=2 / 101) * np.sqrt(many)
    assert t_mixture.reach(many, 0.01) == pytest.approx(two_sided, rel=1e-3)


@settings(deadline=None, max_examples=60)
@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.integers(1, 50), st.integers(1, 50), st.floats(-0.9, 0.9))
def test_the_nearest_rates_are_the_likeliest_that_are_so_far_apart(ours, theirs, rows, other_rows, by):
    def loss(p):
        first = rows * (ours * np.log(p) + (1 - ours) * np.log1p(-p))
        return -first - other_rows * (theirs * np.log(p - by) + (1 - theirs) * np.log1p(by - p))

    found = float(two_rates._nearest(*(np.array(x, dtype=float) for x in (ours, theirs, rows, other_rows)), by))
    ends = max(by, 0) + 1e-9, min(1 + by, 1) - 1e-9
    best = optimize.minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-10})
    assert loss(found) <= best.fun + 1e-6 * (1 + abs(best.fun))


@settings(deadline=None, max_examples=60)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(1, 5), st.integers(1, 5), st.floats(-0.5, 0.5))
def test_no_pair_of_rates_within_the_null_makes_a_block_gain(first, second, rows, other_rows, by):
    """The mean of what a block multiplies the evidence by, over all that may come, is at most 1."""
    first = min(first, second + by)
    if not 0 < first < 1:
        return
    learnt = two_rates.Blocks(*(np.array([x, 0.0]) for x in (7, 10, 1, 10)))
    learnt = two_rates.Blocks(learnt.yes, np.array([10.0, rows]), learnt.other_yes, np.array([10.0, other_rows]))
    mean = 0.0
    yes, other_yes = np.meshgrid(np.arange(rows + 1.0), np.arange(other_rows + 1.0), indexing="ij")
    chances = _binomial(rows, first)[:, None] * _binomial(other_rows, second)
    for k, j, chance in zip(yes.ravel(), other_yes.ravel(), chances.ravel(), strict=True):
        seen = two_rates.Blocks(np.array([7.0, k]), learnt.rows, np.array([1.0, j]), learnt.other_rows)
        mean += chance * np.exp(two_rates.gained(seen, by)[1])
    assert mean <= 1 + 1e-6


def _binomial(rows, share):
    from scipy.stats import binom

    return binom.pmf(np.arange(rows + 1), rows, share)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=60), st.randoms())
def test_bets_do_not_care_for_the_order_and_bounds_are_about_the_mean(values, random):
    shuffled = random.sample(values, len(values))
    found = []
    for some in (values, shuffled):
        each, counts = np.unique(some, return_counts=True)
        found.append((betting.at_least(each, counts, -1, 0.05), betting.at_most(each, counts, 1, 0.05)))
    assert found[0] == found[1]
    mean = np.mean(values) if values else 0.0
    assert -1 <= found[0][0] <= mean <= found[0][1] <= 1
