"""How often each distance is beyond its band if nothing drifted: independent rows, and days that go together."""

from functools import cache

import numpy as np
import pytest

from everfit.statistics.drift.judge import drifts
from everfit.statistics.drift.pair import pair
from everfit.statistics.drift.psi import psi
from tests.nulls import draws
from tests.statistics.drift.held import NORMAL, days, profile, shares

RUNS = draws(500)
DISTANCES = ["PSI", "Jensen-Shannon", "Wasserstein", "chi-squared", "Kolmogorov-Smirnov"]


@cache
def alone(bins, rows, new):
    """P-values of each distance, of independent rows."""
    random = np.random.default_rng([1, bins, rows, new])
    one, two = (random.multinomial(of, shares(bins=NORMAL[bins]), RUNS) for of in (rows, new))
    return p_values((profile(a, NORMAL[bins]), profile(b, NORMAL[bins])) for a, b in zip(one, two, strict=True))


@cache
def by_day(reference, window, rows, spread):
    """The same of days, as profiles by day."""
    random = np.random.default_rng([2, reference, window, rows])
    one, two = (days(random, RUNS, count, rows, spread) for count in (reference, window))
    return p_values((profile(a), profile(b)) for a, b in zip(one, two, strict=True))


def p_values(pairs):
    found = [drifts(*both) for both in pairs]
    return {
        name: np.array([drift.p for each in found for drift in each if drift.distance == name]) for name in DISTANCES
    }


def holds(chances, level, more=0.0):
    """At most as often as stated, and what chance explains of a simulation."""
    share = level * (1 + more)
    return np.mean(chances <= level) <= share + 2.5 * np.sqrt(share / RUNS)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize(("bins", "rows", "new"), [(10, 100, 100), (20, 1_000, 200), (20, 100_000, 1_000)])
def test_independent_rows(distance, bins, rows, new):
    chances = alone(bins, rows, new)[distance]
    assert holds(chances, 0.05, more=0.2), "in few rows asymptotic laws are near, not exact"
    assert holds(chances, 0.01, more=0.2)
    assert np.mean(chances <= 0.05) > 0.004, "it gives away most of what it may"


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize(
    ("reference", "window", "rows", "spread"),
    [(30, 7, 100, 0.5), (10, 10, 100, 0.5), (60, 5, 100, 0.9), (12, 1, 2_000, 0.05)],
    ids=["a week", "few days", "weather", "batches"],
)
def test_days_that_go_together(distance, reference, window, rows, spread):
    chances = by_day(reference, window, rows, spread)[distance]
    assert holds(chances, 0.05, more=0.2)
    assert holds(chances, 0.01, more=0.2)


def test_days_taken_for_independent_rows_drift_nearly_always():
    random = np.random.default_rng(3)
    one, two = (days(random, 100, count, 500, 0.5).sum(axis=1) for count in (30, 7))
    wrong = [psi(pair(profile(a), profile(b))).p <= 0.01 for a, b in zip(one, two, strict=True)]
    assert np.mean(wrong) > 0.8


def test_a_shift_that_days_do_not_explain_is_found():
    """Days vary by .3; a week is off by one standard deviation."""
    random = np.random.default_rng(4)
    reference = profile(days(random, 1, 60, 500, 0.3)[0])
    means = random.normal(1.0, 0.3, 7)
    week = profile(random.multinomial(500, shares(means, spread=(1 - 0.3**2) ** 0.5)))
    assert all(drift.drifted for drift in drifts(reference, week))
