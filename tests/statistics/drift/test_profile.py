"""Profiles add up, whatever is added first, and know how much clusters differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.statistics.drift.judge import drifts
from everfit.statistics.drift.pair import FEWEST_CLUSTERS, line, pair
from everfit.statistics.drift.profile import Profile
from everfit.statistics.histogram import Bins
from everfit.statistics.tally import Categories
from tests.statistics.drift.held import days, profile

KNOWN = Categories(("a", "b", "c"))
DAYS = st.lists(st.tuples(*[st.integers(0, 50)] * 3).filter(any), min_size=2, max_size=6)


def of(day, weight=1.0):
    return Profile.of(KNOWN.of(dict(zip(KNOWN.names, day, strict=True))), weight)


def same(one, two):
    return (
        one.held == two.held
        and one.clusters == two.clusters
        and all(np.allclose(getattr(one, name), getattr(two, name)) for name in ("counts", "squares", "products"))
    )


@given(DAYS, st.data())
def test_it_does_not_matter_what_is_added_first(every, data):
    profiles = [of(day) for day in every]
    at = data.draw(st.integers(1, len(every) - 1))
    whole = profiles[0].merged(*profiles[1:])
    begin, end = profiles[0].merged(*profiles[1:at]), profiles[at].merged(*profiles[at + 1 :])
    assert same(whole, begin.merged(end))
    assert same(whole, end.merged(begin))
    assert whole.rows == pytest.approx(sum(sum(day) for day in every))


def test_a_reference_of_years_is_as_large_as_one_of_a_day():
    day = of((1, 2, 3))
    years = day.merged(*[day] * 1000)
    assert years.products.shape == day.products.shape
    assert years.clusters == 1001


def test_a_season_is_the_profile_of_some_batches_or_of_all_with_weights():
    june, july, january = of((10, 0, 0)), of((0, 10, 0)), of((0, 0, 80))
    assert june.merged(july).shares.tolist()[:3] == [0.5, 0.5, 0]
    assert same(of((0, 0, 80), weight=0).merged(june), beside_january(june))
    weighted = of((10, 0, 0), 2).merged(of((0, 10, 0), 2), january)
    assert weighted.shares.tolist()[:3] == pytest.approx([1 / 6, 1 / 6, 4 / 6])
    assert weighted.rows == pytest.approx(120**2 / 160), "Kish's effective rows"


def beside_january(june):
    """June alone, but for what all held."""
    return Profile(june.held.merged(of((0, 0, 80)).held), june.counts, june.squares, june.products, 1)


def test_weights_that_are_all_alike_change_nothing():
    plain, double = ([of(day, weight) for day in ((5, 9, 1), (8, 2, 2), (3, 3, 9))] for weight in (1, 2))
    window = of((5, 5, 30))
    one, two = (drifts(some[0].merged(*some[1:]), window) for some in (plain, double))
    assert [drift.p for drift in one] == pytest.approx([drift.p for drift in two])


def test_too_few_clusters_are_taken_for_independent_rows():
    day = of((50, 50, 0))
    two, three = day.merged(day), day.merged(day, day)
    assert pair(two, day).freedom == float("inf")
    assert pair(three, day).freedom == FEWEST_CLUSTERS - 1


def test_the_covariance_is_that_of_days():
    """The difference of two means of days, drawn many times, against what one reference says of it."""
    random = np.random.default_rng(1)
    one, two = days(random, 1000, 100, 50, 0.5), days(random, 1000, 10, 50, 0.5)
    differences = np.array([b.sum(0) / b.sum() - a.sum(0) / a.sum() for a, b in zip(one, two, strict=True)])
    told = np.mean([np.diag(line(profile(a), profile(b)).covariance) for a, b in zip(one[:40], two, strict=False)], 0)
    inner = slice(1, -1)
    more = told[inner] / differences.var(axis=0)[inner]
    assert 0.9 < more.min() <= more.max() < 1.4, "where days add little they are not taken to add less than nothing"
    assert more.mean() == pytest.approx(1.1, abs=0.1)


def test_days_of_another_size_are_another_matter():
    """What days add grows with their rows: the same rows in fewer days vary more."""
    random = np.random.default_rng(2)
    reference = profile(days(random, 1, 50, 100, 0.5)[0])
    week = profile(days(random, 1, 8, 100, 0.5)[0])
    day = Profile.of(week.held)
    wide, narrow = (np.trace(line(reference, some).covariance) for some in (day, week))
    assert wide > 4 * narrow


def test_what_belongs_to_other_bins_is_refused():
    one, two = (Bins.learn(np.array(values)) for values in ([1.0, 2.0], [1.0, 3.0]))
    with pytest.raises(ValueError, match="different bins"):
        Profile.of(one.empty()).merged(Profile.of(two.empty()))
