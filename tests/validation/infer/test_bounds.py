"""Bounds are crossed about as rarely as they say, whatever the number of batches, and never by what was seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.validation.infer.bounds import MISS, least_share, lower, row_counts, spread, upper

ROUNDS = 3_000
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))


def misses(draw, bound, beyond) -> float:
    chance = np.random.default_rng(7)
    return float(np.mean([beyond(draw(chance), bound([draw(chance) for _ in range(12)])) for _ in range(ROUNDS)]))


def test_a_share_falls_below_its_bound_about_as_rarely_as_it_says():
    def draw(chance):  # between batches the probability itself varies, as delays do with the weather
        return float(chance.binomial(2_000, np.clip(chance.normal(0.95, 0.015), 0, 1)) / 2_000)

    assert misses(draw, lambda seen: least_share(seen, 2_000), lambda new, bound: new < bound) <= 4 * MISS


def test_a_row_count_leaves_its_bounds_about_as_rarely_as_it_says():
    def draw(chance):
        return int(np.exp(chance.normal(10, 0.15)))

    def outside(new, bounds):
        return not bounds[0] <= new <= bounds[1]

    assert misses(draw, row_counts, outside) <= 2 * 2 * MISS


@pytest.mark.parametrize("tail", ["normal", "exponential"])
def test_an_extreme_leaves_its_bound_rarely(tail):
    def draw(chance):
        return float(getattr(chance, tail)(size=500).max() * 100)

    assert misses(draw, lambda seen: upper(seen, 700.0), lambda new, bound: new > bound) <= 4 * MISS


def test_a_heavy_tail_costs_more_and_is_stated():
    """Student's t with 3 degrees of freedom is heavier than any bound from its own extremes is made for."""

    def draw(chance):
        return float(chance.standard_t(3, size=500).max() * 100)

    rate = misses(draw, lambda seen: upper(seen, 2_000.0), lambda new, bound: new > bound)
    assert MISS < rate < 0.03


def test_the_pooled_spread_is_smyths():
    """s0 = 2 worth 3 batches, and the values 1, 2, 3 (two degrees of freedom, squares 2): (3 * 4 + 2) / 5."""
    seen = spread([1, 2, 3], 2)
    assert (seen.mean, seen.deviation**2, seen.freedom) == (2, pytest.approx(14 / 5), 5)
    assert seen.reach == pytest.approx(5.893, abs=0.001), "Student's t, 5 degrees of freedom, 0.999 (any table)"


def test_one_batch_alone_gives_wide_bounds():
    low, high = row_counts([10_000])
    assert low < 4_000
    assert high > 25_000
    assert least_share([0.99], 10_000) < 0.6
    assert upper([100.0], 100.0) > 150


@given(st.lists(st.tuples(numbers, numbers).map(sorted), min_size=1, max_size=12))
def test_what_was_seen_is_within(ranges):
    lows, highs = [low for low, _ in ranges], [high for _, high in ranges]
    span = max(highs) - min(lows)
    assert lower(lows, span) <= min(lows)
    assert upper(highs, span) >= max(highs)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(1, 10**6))
def test_no_seen_share_is_below_the_bound(shares, rows):
    assert 0 <= least_share(shares, rows) <= min(shares)


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=12))
def test_no_seen_row_count_is_outside(counts):
    low, high = row_counts(counts)
    assert 1 <= low <= min(counts)
    assert high >= max(counts)
