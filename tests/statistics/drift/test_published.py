"""What is known of these distances: published numbers, scipy, and what follows from arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import kolmogorov
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

from everfit.statistics.drift.chi_squared import chi_squared
from everfit.statistics.drift.jensen_shannon import jensen_shannon
from everfit.statistics.drift.judge import drifts
from everfit.statistics.drift.kolmogorov_smirnov import kolmogorov_smirnov
from everfit.statistics.drift.pair import line, pair
from everfit.statistics.drift.profile import Profile
from everfit.statistics.drift.psi import psi
from everfit.statistics.drift.wasserstein import wasserstein
from everfit.statistics.histogram import Bins
from everfit.statistics.tally import Categories
from tests.statistics.drift.held import NORMAL, profile, shares

COUNTS = st.lists(st.integers(0, 500), min_size=20, max_size=20).filter(lambda counts: sum(counts) > 200)


@pytest.mark.parametrize(("rows", "band"), [(500, 0.0677), (1_000, 0.0338), (10_000, 0.00338)])
def test_the_null_band_of_psi_knows_n(rows, band):
    """The 95 % points of Yurdakul (2018): (1/n + 1/m) chi-squared with 9 degrees of freedom."""
    equal = profile(np.full(10, rows // 10), NORMAL[10])
    assert psi(pair(equal, equal), level=0.05).band == pytest.approx(band, rel=0.002)


def test_with_a_hundred_rows_psi_is_above_a_tenth_four_times_in_five_and_nothing_drifted():
    random = np.random.default_rng(1)
    one, two = random.multinomial(100, np.full(10, 0.1), (2, 1500))
    found = [psi(pair(profile(a, NORMAL[10]), profile(b, NORMAL[10]))) for a, b in zip(one, two, strict=True)]
    assert np.mean([drift.value > 0.1 for drift in found]) == pytest.approx(0.80, abs=0.03)
    assert np.mean([drift.drifted for drift in found]) < 0.02


def test_bins_that_were_learnt_from_the_reference_itself_change_nothing():
    """Their counts in the reference are equal, not random; where the edges are is random instead."""
    random = np.random.default_rng(2)
    chances = []
    for old, new in zip(random.normal(size=(500, 300)), random.normal(size=(500, 200)), strict=True):
        bins = Bins.learn(old, bins=10)
        chances.append([drift.p for drift in drifts(Profile.of(bins.count(old)), Profile.of(bins.count(new)))])
    for distance in np.transpose(chances):
        assert 0.02 < np.mean(distance <= 0.05) < 0.08


def test_a_hundredth_of_sigma_in_a_million_rows_is_significant_and_no_drift():
    million = 1_000_000
    one, two = (profile(np.rint(million * shares(by, NORMAL[10])), NORMAL[10]) for by in (0, 0.01))
    found = {drift.distance: drift for drift in drifts(one, two)}
    furthest = found["Kolmogorov-Smirnov"]
    assert kolmogorov(furthest.value * 500_000**0.5) == pytest.approx(2.4e-7, rel=0.1)
    assert furthest.p < 3e-7
    assert found["PSI"].value == pytest.approx(9.6e-5, rel=0.02)
    assert all(drift.value > drift.band and not drift.matters for drift in found.values())
    assert not any(drift.drifted for drift in found.values())


def test_the_minimum_effect_of_each_distance_is_a_shift_by_a_fifth_of_sigma():
    million = 1_000_000
    one, two = (profile(np.rint(million * shares(by))) for by in (0, 0.2))
    for drift in drifts(one, two):
        assert drift.value == pytest.approx(drift.minimum, rel=0.06), drift.distance


@given(COUNTS, COUNTS)
def test_scipy_says_the_same_to_rounding(one, two):
    cells, bins = (cut(profile(one), profile(two)) for cut in (pair, line))
    p, q, (n, m) = cells.reference, cells.window, cells.rows
    assert jensen_shannon(cells).value == pytest.approx(jensenshannon(p, q), rel=1e-9, abs=1e-8)
    theirs = chi2_contingency(np.array([p * n, q * m]), correction=False)
    assert chi_squared(cells).value ** 2 * n * m / (n + m) == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-9)
    assert chi_squared(cells).p == pytest.approx(theirs.pvalue, rel=1e-6)
    numbers = np.arange(20)
    furthest = ks_2samp(np.repeat(numbers, one), np.repeat(numbers, two), method="asymp")
    assert kolmogorov_smirnov(bins).value == pytest.approx(furthest.statistic, abs=1e-12)
    assert kolmogorov_smirnov(bins).p <= kolmogorov(furthest.statistic * (n * m / (n + m)) ** 0.5) + 1e-12
    far = wasserstein_distance(bins.places, bins.places, bins.reference, bins.window)
    assert wasserstein(bins).value * bins.spread == pytest.approx(far, rel=1e-9, abs=1e-12)


@given(COUNTS, COUNTS)
def test_beyond_the_band_is_where_p_is_below_the_level(one, two):
    for drift in drifts(profile(one), profile(two), level=0.05):
        assert (drift.value > drift.band) == (drift.p < 0.05) or drift.value == pytest.approx(drift.band, rel=1e-5)
        assert 0 <= drift.p <= 1


@given(COUNTS, st.integers(1, 20))
def test_nothing_is_no_drift(counts, times):
    for drift in drifts(profile(counts), profile(times * np.array(counts))):
        assert drift.p > 0.5
        assert drift.value < 0.01 or drift.distance == "PSI"  # half a row in each cell is more of the smaller
        assert not drift.drifted


def test_a_share_of_two_kinds_is_pearsons_test():
    """Of two cells all quadratic distances are one, and Kolmogorov's is the difference of shares."""
    known = Categories(("yes", "no"))
    one, two = Profile.of(known.of({"yes": 90, "no": 10})), Profile.of(known.of({"yes": 80, "no": 20}))
    figures = drifts(one, two)
    assert [drift.distance for drift in figures] == ["PSI", "Jensen-Shannon", "chi-squared"]
    assert figures[2].p == pytest.approx(chi2_contingency([[90, 10], [80, 20]], correction=False).pvalue)


def test_what_is_missing_and_what_was_never_there_drifts_too():
    old = np.random.default_rng(1).normal(size=5_000)
    bins, known = Bins.learn(old), Categories(("a", "b"))
    gaps, far = (np.where(np.arange(5_000) % 10 == 0, value, old) for value in (np.nan, 99.0))
    for new in (gaps, far, np.where(np.isnan(gaps), np.inf, gaps)):
        assert psi(pair(Profile.of(bins.count(old)), Profile.of(bins.count(new)))).drifted
    one, two = Profile.of(known.of({"a": 500, "b": 500})), Profile.of(known.of({"a": 450, "b": 450, "new": 100}))
    assert psi(pair(one, two)).drifted


def test_a_constant_column_that_changes_drifts():
    bins = Bins.learn(np.full(1_000, 3.0))
    old, new = Profile.of(bins.count(np.full(1_000, 3.0))), Profile.of(bins.count(np.full(500, 4.0)))
    found = {drift.distance: drift.drifted for drift in drifts(old, new)}
    assert found.pop("Wasserstein") is False
    assert all(found.values())
    assert not any(drift.drifted for drift in drifts(old, old))


def test_nothing_to_compare_is_no_figure():
    bins = Bins.learn(np.arange(9.0))
    full, empty = Profile.of(bins.count(np.arange(90.0) % 9)), Profile.of(bins.empty())
    assert drifts(full, empty) == drifts(empty, full) == ()
    gone = Profile.of(bins.count(np.full(100, np.nan)))
    assert [drift.distance for drift in drifts(full, gone)] == ["PSI", "Jensen-Shannon", "chi-squared"]
    with pytest.raises(ValueError, match="columns of numbers"):
        wasserstein(pair(full, gone))


def test_wasserstein_is_the_shift_in_standard_deviations():
    old = np.random.default_rng(1).normal(100, 15, 50_000)
    bins = Bins.learn(old)
    one, two = Profile.of(bins.count(old)), Profile.of(bins.count(old + 7.5))
    assert wasserstein(line(one, two)).value == pytest.approx(0.5, abs=0.03)
