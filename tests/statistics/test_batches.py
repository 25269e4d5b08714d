"""Tails, predictions, discoveries and stability against published numbers and scipy."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats

from everfit.statistics.discoveries import benjamini_hochberg
from everfit.statistics.interval import estimate, mean
from everfit.statistics.knowing import knows
from everfit.statistics.prediction import error_of_mean, predict, predict_share, share_of
from everfit.statistics.stability import by_chance, psi, stability
from everfit.statistics.tails import above, reach, two_sided

COUNTS = st.lists(st.integers(0, 500), min_size=4, max_size=4).map(np.array)


@given(st.floats(0, 1e4), st.floats(0.5, 60), st.floats(0.5, 400))
def test_tails_are_scipys(ratio, over, under):
    assert above(ratio, over, under) == pytest.approx(special.fdtrc(over, under, ratio), abs=1e-10)


@given(st.floats(-50, 50), st.integers(1, 200))
def test_students_tails_are_scipys(t, freedom):
    assert two_sided(t, freedom) == pytest.approx(2 * special.stdtr(freedom, -abs(t)), abs=1e-10)


@pytest.mark.parametrize(("freedom", "chance"), [(1, 0.05), (2, 0.01), (10, 0.001), (100, 0.05)])
def test_reach_is_scipys(freedom, chance):
    assert reach(chance, freedom) == pytest.approx(special.stdtrit(freedom, 1 - chance / 2), rel=1e-9)


PUBLISHED = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]


def test_benjamini_and_hochbergs_own_example():
    """Their 15 p-values: four count; Bonferroni would count three."""
    assert benjamini_hochberg(PUBLISHED, 0.05) == (True,) * 4 + (False,) * 11
    assert benjamini_hochberg(PUBLISHED[::-1], 0.05) == (False,) * 11 + (True,) * 4
    assert benjamini_hochberg([], 0.05) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0.01, 0.5))
def test_benjamini_and_hochberg_as_scipy_has_it(chances, share):
    wanted = stats.false_discovery_control(chances)
    assume(not np.isclose(wanted, share, rtol=1e-9).any())
    assert benjamini_hochberg(chances, share) == tuple((wanted <= share).tolist())


@pytest.mark.parametrize(("n", "published"), [(500, 0.0677), (1_000, 0.0338), (10_000, 0.00338)])
def test_the_psi_of_equal_samples_is_as_published(n, published):
    """Its 95 % point for ten bins (Yurdakul 2018), and so its mean."""
    rng = np.random.default_rng(1)
    drawn = [psi(*rng.multinomial(n, np.full(10, 0.1), 2)) for _ in range(3000)]
    assert np.quantile(drawn, 0.95) == pytest.approx(published, rel=0.06)
    assert np.mean(drawn) == pytest.approx(by_chance(*np.full((2, 10), n // 10)), rel=0.04)


@given(COUNTS, COUNTS)
def test_psi_is_a_distance_of_two(one, other):
    assert psi(one, other) == pytest.approx(psi(other, one))
    assert psi(one, other) >= 0
    assert psi(one, one) == 0


@given(st.lists(COUNTS, min_size=3, max_size=6), COUNTS)
def test_stability_is_whole_whatever_it_is_given(earlier, new):
    found = stability(new, np.array(earlier))
    assert 0 <= found.chance <= 1
    assert np.isfinite([found.psi, found.usual]).all()
    assert stability(new, np.array(earlier[::-1])).chance == pytest.approx(found.chance)


def test_a_prediction_is_the_textbooks():
    """Hahn and Meeker's example (chapter 4): five readings, mean 50.10, spread 1.31: the next in 46.1 to 54.1."""
    values = np.array([51.4, 49.5, 48.7, 49.3, 51.6])
    low, high = predict(values, np.zeros(5), 0.0).interval(0.05)
    assert (round(low, 1), round(high, 1)) == (46.1, 54.1)


def test_a_prediction_allows_for_the_new_ones_own_size():
    small = predict(np.array([0.2, 0.25, 0.3]), np.full(3, 0.01), 0.2)
    assert small.error > predict(np.array([0.2, 0.25, 0.3]), np.full(3, 0.01), 0.01).error
    floor = predict(np.full(3, 0.2), np.full(3, 0.05), 0.05)
    assert floor.error == pytest.approx(0.05 * np.sqrt(4 / 3))


def test_shares_are_predicted_within_0_and_1():
    low, high = predict_share(np.array([0.02, 0.03, 0.05]), np.full(3, 0.001), 0.03, 0.001).interval(0.001)
    assert 0 < share_of(low) < 0.02
    assert 0.05 < share_of(high) < 1


def test_the_error_of_a_mean_is_that_of_the_gates():
    rng = np.random.default_rng(3)
    day = np.sort(rng.integers(0, 12, 300))
    y = rng.normal(0, 1, 300) + rng.normal(0, 1, 12)[day]
    found = estimate(mean(y), day)
    assert error_of_mean(y, day) * special.stdtrit(found.freedom, 0.95) == pytest.approx(found.high - found.value)


@pytest.mark.parametrize("binary", [True, False])
def test_what_is_known_does_not_depend_on_direction_or_scale(binary):
    rng = np.random.default_rng(4)
    y = (rng.random(200) < 0.4).astype(float) if binary else rng.normal(0, 1, 200)
    x, day = y + rng.normal(0, 1, 200), np.arange(200)
    found = knows(x, y, day, 0.5, binary=binary, how="")
    for same in (-x, 3 * x + 7, np.exp(x)):
        assert knows(same, y, day, 0.5, binary=binary, how="").value == pytest.approx(found.value)
    wanted = abs(stats.spearmanr(x, y).statistic)
    assert found.value == pytest.approx(
        stats.mannwhitneyu(x[y == 1], x[y == 0]).statistic / (y == 1).sum() / (y == 0).sum() if binary else wanted
    )
    assert 0.5 < found.low < found.value


def test_the_bound_of_a_correlation_covers_it():
    """Fisher's transform gives the same bound for normal data."""
    rng = np.random.default_rng(5)
    x = rng.normal(0, 1, 4000)
    y = 0.8 * x + 0.6 * rng.normal(0, 1, 4000)
    found = knows(x, y, np.arange(4000), 0.1, binary=False, how="")
    assert found.low == pytest.approx(np.tanh(np.arctanh(found.value) - 1.645 * 1.03 / np.sqrt(3997)), abs=0.003)
