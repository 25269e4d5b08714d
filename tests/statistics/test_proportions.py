"""Intervals of shares, differences and ratios: published examples, laws, and how often they miss."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from scipy.stats.contingency import relative_risk

from everfit.statistics.proportions import Share, katz, koopman, newcombe, wilson

COUNTS = st.integers(1, 200).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows)))
LEVELS = st.floats(0.6, 0.999)


@pytest.mark.parametrize(
    ("count", "rows", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (0, 10, 0.0, 0.2775)],
)
def test_newcombes_examples_of_one_share(count, rows, low, high):
    """Statistics in Medicine 17 (1998) 857-872, table I, method 3."""
    assert np.array(wilson(Share.of(count, rows), 0.975)) == pytest.approx((low, high), abs=5.1e-5)


@given(COUNTS, LEVELS)
def test_wilson_is_scipys(counts, level):
    low, high = wilson(Share.of(*counts), level)
    wanted = binomtest(*counts).proportion_ci(2 * level - 1, method="wilson")
    assert (float(low), float(high)) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


@pytest.mark.parametrize(
    ("one", "two", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_newcombes_examples_of_a_difference(one, two, low, high):
    """Statistics in Medicine 17 (1998) 873-890, table II, method 10."""
    found = newcombe(Share.of(*one), Share.of(*two), level=0.975)
    assert np.array(found) == pytest.approx((low, high), abs=5.1e-5)


def test_examples_of_a_ratio():
    """Koopman (1984); Fagerland, Lydersen and Laake, Statistical Methods in Medical Research 24 (2015), table 5."""
    assert np.array(koopman(Share.of(36, 40), Share.of(16, 80), level=0.975)) == pytest.approx(
        (2.9396, 7.1522), abs=5e-4
    )
    seven, one = Share.of(7, 34), Share.of(1, 34)
    assert np.array(katz(seven, one, level=0.975)) == pytest.approx((0.91, 54), rel=5e-3)
    assert np.array(koopman(seven, one, level=0.975)) == pytest.approx((1.21, 43), rel=1e-2)


@given(COUNTS, COUNTS, LEVELS)
def test_katz_is_scipys(one, two, level):
    if 0 in (one[0], two[0]) or (one[0] == one[1] and two[0] == two[1]):
        return
    wanted = relative_risk(*one, *two).confidence_interval(2 * level - 1)
    assert np.array(katz(Share.of(*one), Share.of(*two), level=level)) == pytest.approx(tuple(wanted), rel=1e-8)


@given(COUNTS, COUNTS, LEVELS)
def test_at_the_ends_of_koopmans_interval_the_score_test_is_at_its_level(one, two, level):
    """The constrained shares again, found by maximising the likelihood and not by the formula."""
    low, _ = koopman(Share.of(*one), Share.of(*two), level=level)
    (x, n), (y, m), ratio = one, two, float(low)
    if not (0 < x < n and 0 < y < m) or not 1e-3 < ratio < 1e3:
        return
    grid = np.linspace(0, min(1, 1 / ratio), 200_001)[1:-1]
    likelihood = x * np.log(ratio * grid) + (n - x) * np.log1p(-ratio * grid) + y * np.log(grid)
    second = grid[np.argmax(likelihood + (m - y) * np.log1p(-grid))]
    first = ratio * second
    error = np.sqrt(first * (1 - first) / n + ratio**2 * second * (1 - second) / m)
    assert (x / n - ratio * y / m) / error == pytest.approx(norm.ppf(level), rel=5e-3)


@given(COUNTS, COUNTS, LEVELS, st.floats(-0.9, 0.9))
def test_differences_turn_hold_and_narrow(one, two, level, correlation):
    one, two = Share.of(*one), Share.of(*two)
    low, high = newcombe(one, two, correlation, level)
    assert -1 <= low <= one.value - two.value + 1e-12
    assert one.value - two.value - 1e-12 <= high <= 1
    turned = newcombe(two, one, correlation, level)
    assert (float(low), float(high)) == pytest.approx((-float(turned[1]), -float(turned[0])), abs=1e-12)
    wider = newcombe(one, two, correlation, level + (1 - level) / 2)
    assert wider[0] <= low + 1e-12
    assert high <= wider[1] + 1e-12


@given(COUNTS, COUNTS, LEVELS)
def test_ratios_turn_and_hold(one, two, level):
    one, two = Share.of(*one), Share.of(*two)
    low, high = koopman(one, two, level=level)
    back = koopman(two, one, level=level)
    assert 1 / np.maximum(back[1], 1e-30) == pytest.approx(float(low), rel=1e-6, abs=1e-12)
    if one.value and two.value:
        assert low <= one.value / two.value * (1 + 1e-9)
        assert one.value / two.value * (1 - 1e-9) <= high
    else:
        assert low == 0 or not two.value
        assert high == np.inf or not one.value


def test_many_at_once_are_the_same_as_one_by_one():
    one = Share(np.array([[0.1], [0.6]]), np.array([[20.0], [35.0]]), np.array([[9.0], [np.inf]]))
    two = Share(np.array([0.2, 0.0, 1.0]), np.array([50.0, 12.0, 8.0]), np.array([30.0, 12.0, 7.0]))
    for method in (newcombe, koopman, katz):
        low, high = method(one, two)
        assert low.shape == high.shape == (2, 3)
        for i, j in product(range(2), range(3)):
            alone = method(
                Share(one.value[i, 0], one.rows[i, 0], one.freedom[i, 0]),
                Share(two.value[j], two.rows[j], two.freedom[j]),
            )
            assert (low[i, j], high[i, j]) == pytest.approx(tuple(map(float, alone)), rel=1e-9, nan_ok=True)


def exactly(method, rows1, rows2, p1, p2, truth):
    """How often each end misses the truth, over all counts there can be, each with its probability."""
    x, y = np.arange(rows1 + 1)[:, None], np.arange(rows2 + 1)
    low, high = method(Share(x / rows1, rows1), Share(y / rows2, rows2))
    weights = binom(x, rows1, p1) * binom(y, rows2, p2)
    return float((weights * (low > truth)).sum()), float((weights * (high < truth)).sum())


def binom(x, n, p):
    from scipy.stats import binom as distribution

    return distribution.pmf(x, n, p)
