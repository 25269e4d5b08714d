"""The expected gain of retraining: its laws, and that shrinking does what it says."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.statistics.gain import ONE_SIDED_95, Retrain, chance_of_help, expected_gain, need

SHARES = st.floats(0, 1)
AGES = st.floats(0, 1e6)
WEIGHTS = st.floats(0.01, 10)
RETRAINS = st.lists(
    st.builds(
        lambda better, error: Retrain(better, better - ONE_SIDED_95 * error, better + ONE_SIDED_95 * error),
        st.floats(-10, 10),
        st.floats(0.001, 10),
    ),
    max_size=12,
)


@given(SHARES, AGES, SHARES, WEIGHTS)
def test_it_is_bounded_and_the_same_each_time(fresh, age, helps, importance):
    found = expected_gain(fresh, age, helps, importance)
    assert 0 <= found <= 1
    assert found == expected_gain(fresh, age, helps, importance)


@given(st.tuples(SHARES, SHARES), st.tuples(AGES, AGES), st.tuples(SHARES, SHARES), st.tuples(WEIGHTS, WEIGHTS))
def test_more_of_anything_is_never_worth_less(fresh, age, helps, importance):
    less, more = zip(*(sorted(each) for each in (fresh, age, helps, importance)), strict=True)
    assert expected_gain(*less) <= expected_gain(*more) + 1e-12
    for at in range(4):
        one_more = [*less]
        one_more[at] = more[at]
        assert expected_gain(*less) <= expected_gain(*one_more) + 1e-12


def test_nothing_new_is_worth_nothing_and_no_champion_is_worth_most():
    assert expected_gain(0, 0, 1) == 0
    assert expected_gain(1, 0, 1) == 1
    assert [need(0, periods) for periods in range(4)] == [0, 0.5, 0.75, 0.875]


@given(RETRAINS)
def test_the_chance_is_a_chance_and_mirrors(retrains):
    mirrored = [Retrain(-one.better, -one.high, -one.low) for one in retrains]
    assert 0 <= chance_of_help(retrains) <= 1
    assert chance_of_help(retrains) + chance_of_help(mirrored) == pytest.approx(1)


@given(RETRAINS.filter(bool), st.floats(0.01, 5))
def test_a_better_retrain_never_lowers_the_chance(retrains, plus):
    first = retrains[0]
    better = [Retrain(first.better + plus, first.low + plus, first.high + plus), *retrains[1:]]
    assert chance_of_help(better) >= chance_of_help(retrains) - 1e-12


@given(RETRAINS, st.sampled_from([1e-6, 0.01, 60.0, 1e6]))
def test_the_unit_does_not_matter(retrains, unit):
    scaled = [Retrain(one.better * unit, one.low * unit, one.high * unit) for one in retrains]
    assert chance_of_help(scaled) == pytest.approx(chance_of_help(retrains), abs=1e-6)


def test_what_says_nothing_changes_nothing():
    known = [Retrain(0.02, 0.01, 0.03)]
    empty = [Retrain(9.0, 9.0, 9.0), Retrain(math.nan, 0, 1), Retrain(1, -math.inf, math.inf)]
    assert chance_of_help([*known, *empty]) == chance_of_help(known)
    assert chance_of_help(empty) == 0.5


def test_more_of_the_same_evidence_makes_it_surer():
    chances = [chance_of_help([Retrain(0.01, -0.01, 0.03)] * times) for times in range(8)]
    assert all(less < more for less, more in pairwise(chances))


def test_the_chance_is_calibrated_where_its_assumptions_hold():
    """Models whose true gains are drawn from the prior (as wide as one measurement): of those with 70 %, 70 % gain."""
    random = np.random.default_rng(4)
    found = []
    for _ in range(20_000):
        error = float(np.exp(random.normal()))
        truth = random.normal(0, error)
        measured = truth + random.normal(0, error, random.integers(1, 6))
        half = ONE_SIDED_95 * error
        found.append((chance_of_help([Retrain(m, m - half, m + half) for m in measured]), truth > 0))
    chances, gained = np.array(found).T
    for low in np.arange(0, 1, 0.1):
        these = (chances >= low) & (chances < low + 0.1)
        assert gained[these].mean() == pytest.approx(chances[these].mean(), abs=0.035)
