"""The calibration error against published numbers and by hand, and how often its bounds miss the truth."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from everfit.statistics.calibration import coverage_gap, curve, in_the_large, slope
from everfit.statistics.interval import estimate
from everfit.statistics.smooth_ece import CELLS, Residuals, chance_if_at, equal, smooth, smooth_ece
from tests.nulls import allowed, draws

N = 1000
EVEN = (np.arange(N) + 0.5) / N
GOLDEN = np.arange(N) * 0.6180339887498949 % 1
RUNS = draws(600)
ALLOWED = allowed(RUNS)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(20)


def residuals(y, forecasts, days=50):
    return Residuals.of(y.astype(float), forecasts, np.arange(len(y)) % days)


def drawn(rng, days=30, per_day=60, spread=0.4):
    """Forecasts that are right on average, though no day is an average day: each has an effect that nobody foresaw."""
    day = np.repeat(np.arange(days), rng.poisson(per_day, days) + 1)
    known = rng.normal(-1.2, 0.9, len(day))
    forecasts = expit(known[:, None] + spread * NODES) @ (WEIGHTS / WEIGHTS.sum())
    y = (rng.random(len(day)) < expit(known + rng.normal(0, spread, days)[day])).astype(float)
    return day, forecasts, y


def bolder(forecasts):
    return expit(1.5 * logit(forecasts))


@pytest.mark.parametrize(
    ("y", "forecasts", "published"),
    [
        (EVEN > 0.5, EVEN, 0.1517),
        (GOLDEN < EVEN, EVEN, 0.0101),
        (GOLDEN < EVEN**2, EVEN, 0.1660),
        (np.arange(N) < 450, np.full(N, 0.3), 0.1500),
        (np.tile([0, 1, 0, 0, 0, 1, 1, 1, 0, 1], 100), np.tile([0.1, 0.9], 500), 0.1000),
    ],
)
def test_it_is_what_the_authors_package_finds(y, forecasts, published):
    """relplot 1.0.3 (`relplot.smECE`), whose search for the width stops at 1/1024 and whose grid has 200 points."""
    assert equal(residuals(y, forecasts).error) == pytest.approx(published, abs=2e-3)


@pytest.mark.parametrize("width", [0.02, 0.1, 0.4])
def test_with_a_given_width_it_is_the_integral_that_defines_it(width):
    rng = np.random.default_rng(1)
    forecasts, y = rng.beta(1, 3, 200), rng.integers(0, 2, 200)
    at = (np.arange(4000) + 0.5) / 4000
    images = [at[:, None] - sign * forecasts - 2 * k for k in range(-3, 4) for sign in (1, -1)]
    kernel = sum(np.exp(-0.5 * (far / width) ** 2) for far in images) / (width * np.sqrt(2 * np.pi))
    by_hand = np.abs(kernel @ (y - forecasts) / 200).mean()
    assert residuals(y, forecasts).error(width) == pytest.approx(by_hand, rel=5e-3)


def test_all_that_is_off_to_one_side_counts_whole_and_both_sides_cancel_once_the_kernel_is_wide():
    assert smooth_ece(np.arange(N) * 7 % 20 < 9, np.full(N, 0.3), np.arange(N) // 33).value == pytest.approx(
        0.15, abs=1e-3
    )
    found = residuals(np.tile([1, 0], 500), np.tile([0.45, 0.55], 500))
    assert found.error(0.01) == pytest.approx(0.55, abs=0.01)
    assert found.error(0.3) < 0.1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_wider_kernel_never_finds_more_and_order_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    forecasts, y, days = rng.random(300), rng.integers(0, 2, 300).astype(float), rng.integers(0, 12, 300)
    found = Residuals.of(y, forecasts, days)
    errors = [found.error(width) for width in (0.002, 0.01, 0.05, 0.2, 1.0)]
    assert errors == sorted(errors, reverse=True)
    order = rng.permutation(300)
    one, two = smooth_ece(y, forecasts, days), smooth_ece(y[order], forecasts[order], days[order])
    assert (one.low, one.value, one.high) == pytest.approx((two.low, two.value, two.high), abs=1e-6)
    assert 0 <= one.low <= one.value <= one.high <= 1


@settings(max_examples=25, deadline=None)
@given(st.floats(1 / CELLS, 1), st.integers(0, 2**32 - 1))
def test_smoothing_keeps_the_sum_and_is_a_mean(width, seed):
    values = np.random.default_rng(seed).normal(size=CELLS)
    smoothed = smooth(values, width)
    assert smoothed.sum() == pytest.approx(values.sum(), abs=1e-8)
    assert np.abs(smoothed).sum() <= np.abs(values).sum() + 1e-8


@pytest.mark.parametrize("days", [12, 30])
@pytest.mark.parametrize("warp", [lambda f: f + 0.05, bolder], ids=["shifted", "bold"])
def test_an_error_at_the_bar_is_rarely_taken_for_less(days, warp):
    rng = np.random.default_rng([3, days])
    many = drawn(rng, days=6000)
    truth = equal(Residuals.of(many[1], warp(many[1]), many[0] % 100).error)  # what comes is the unwarped forecast
    low = 0
    for _ in range(RUNS):
        day, forecasts, y = drawn(rng, days)
        low += chance_if_at(Residuals.of(y, warp(forecasts), day), truth) < 0.05
    assert low / RUNS < ALLOWED


def test_the_bounds_hold_the_truth_of_calibrated_and_of_bold_forecasts():
    rng, runs = np.random.default_rng(4), 60
    many = drawn(rng, days=6000)
    truth = equal(Residuals.of(many[1], bolder(many[1]), many[0] % 100).error)
    above, missed = 0, 0
    for _ in range(runs):
        day, forecasts, y = drawn(rng)
        above += smooth_ece(y, forecasts, day).low > 0
        found = smooth_ece(y, bolder(forecasts), day)
        missed += not found.low <= truth <= found.high
    assert above / runs < allowed(runs)
    assert missed / runs < 0.10 + 2 * np.sqrt(0.1 * 0.9 / runs)


def test_taking_rows_for_independent_would_break_the_promise():
    rng, low, runs = np.random.default_rng(5), 0, 400
    for _ in range(runs):
        _, forecasts, y = drawn(rng)
        low += chance_if_at(Residuals.of(y, forecasts + 0.05, np.arange(len(y)) % 500), 0.05) < 0.05
    assert low / runs > 0.1


def test_a_hundred_thousand_rows_take_less_than_a_second():
    rng = np.random.default_rng(6)
    day, forecasts = rng.integers(0, 30, 100_000), rng.random(100_000)
    y = (rng.random(100_000) < forecasts).astype(float)
    smooth_ece(y, forecasts, day)
    begin = time.process_time()
    smooth_ece(y, forecasts, day)
    curve(y, forecasts, day)
    assert time.process_time() - begin < 1


def test_many_days_are_joined():
    found = residuals(GOLDEN < EVEN, EVEN, days=N)
    assert len(found.sizes) == N
    rng = np.random.default_rng(7)
    many = Residuals.of(rng.integers(0, 2, 5000).astype(float), rng.random(5000), np.arange(5000))
    assert (len(many.sizes), many.rows, many.sums.sum()) == (2000, 5000, pytest.approx(many.total.sum() * 5000))


def test_the_curve_shows_what_came_and_the_band_holds_it():
    rng, outside = np.random.default_rng(8), []
    for _ in range(60):
        day, forecasts, y = drawn(rng, per_day=200)
        found = curve(y, forecasts, day)
        said, low, high = map(np.array, (found.forecast, found.low, found.high))
        outside.append(((low > said) | (said > high)).mean())
        assert (np.diff(said) > 0).all()
        assert sum(found.share) == pytest.approx(1, abs=1e-3)
    assert np.mean(outside) < 0.14  # two bounds of 95 % each


def test_the_slope_and_the_large_tell_bold_from_shifted():
    day, forecasts, y = drawn(np.random.default_rng(9), days=400)
    bold = estimate(slope(y, bolder(forecasts)), day)
    assert bold.low < 2 / 3 < bold.high
    right = estimate(slope(y, forecasts), day)
    assert right.low < 1 < right.high
    more = estimate(in_the_large(y, forecasts - 0.05), day)
    assert more.low < 0.05 < more.high


@pytest.mark.parametrize(
    ("y", "forecasts"),
    [
        (np.array([0.0, 1.0]), np.array([0.5, 0.5])),
        (np.ones(4), np.array([0.1, 0.2, 0.3, 0.4])),
        (np.repeat([0.0, 1.0], 50), np.linspace(0.1, 0.9, 100)),
    ],
    ids=["one forecast", "one label", "parted"],
)
def test_there_is_no_slope_where_nothing_bends(y, forecasts):
    assert slope(y, forecasts) is None


def test_coverage_is_the_share_below_the_quantile():
    y = np.random.default_rng(10).normal(size=20_000)
    found = estimate(coverage_gap(y, np.full(20_000, 1.2816), 0.8), np.arange(20_000) % 50)
    assert found.low < 0.1 < found.high
