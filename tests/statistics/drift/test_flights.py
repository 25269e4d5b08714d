"""Real days: the flights of 2013, of which nobody changed anything, dealt into references and windows by day."""

from itertools import pairwise

import numpy as np
import pytest
from pyarrow import compute, dataset

from everfit.statistics.drift.judge import drifts
from everfit.statistics.drift.profile import Profile
from everfit.statistics.histogram import Bins
from everfit.statistics.tally import Categories
from tools.land_flights import MONTHS, land

NUMBERS = ("dep_delay", "sched_dep_time", "distance", "air_time")
DEALS = 25


@pytest.fixture(scope="module")
def by_day(tmp_path_factory):
    """For each column what each of the 365 days held, of a quarter of the flights."""
    root = tmp_path_factory.mktemp("landing")
    land(root, MONTHS, share=0.25)
    table = dataset.dataset(sorted(root.rglob("flights.parquet"))).to_table().combine_chunks()
    names = table["month"].to_numpy() * 100 + table["day"].to_numpy()
    order = np.argsort(names, kind="stable")
    day = list(pairwise(np.flatnonzero(np.r_[True, np.diff(names[order]) != 0, True])))
    assert len(day) == 365
    found = {}
    for name in NUMBERS:
        values = compute.cast(table[name], "float64").to_numpy()[order]
        bins = Bins.learn(values)
        found[name] = [Profile.of(bins.count(values[a:b])) for a, b in day]
    carriers = np.array(table["carrier"].to_pylist(), dtype=object)[order].tolist()
    known = Categories(tuple(sorted(set(carriers))))
    found["carrier"] = [Profile.of(known.count(carriers[a:b])) for a, b in day]
    return found


def dealt(days, *, alone):
    """P-values of 30 days at random against all others; or of the same with all rows taken for independent."""
    random = np.random.default_rng(1)
    found = []
    for _ in range(DEALS):
        order = random.permutation(len(days))
        window, reference = ([days[at] for at in some] for some in (order[:30], order[30:]))
        both = [some[0].merged(*some[1:]) for some in (reference, window)]
        found.append([drift.p for drift in drifts(*([Profile.of(one.held) for one in both] if alone else both))])
    return np.array(found)


def test_days_dealt_at_random_do_not_drift(by_day):
    wrong = np.concatenate([dealt(days, alone=False).ravel() for days in by_day.values()])
    assert np.mean(wrong <= 0.01) <= 0.02


def test_with_rows_for_independent_delays_more_often_do_than_not(by_day):
    assert np.mean(dealt(by_day["dep_delay"], alone=True) <= 0.01) > 0.5
