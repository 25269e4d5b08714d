"""Quality of rows whose labels are still coming: the truth is met, where what is here already is far off."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.statistics.delays import Arrivals, Maturity, censored, geometric, truncated
from everfit.statistics.kaplan_meier import kaplan_meier
from everfit.statistics.losses import per_row
from everfit.statistics.maturity import (
    LateLosses,
    Stratum,
    late_loss,
    late_rate,
    mature_share,
    rate_within,
    stratified_loss,
)
from everfit.statistics.truth import Truth
from tests.nulls import draws

DAYS, MEAN, RATE, NOW = 30, 10.0, 0.1, 29
RUNS = draws(1000)
LEAST = 0.93
"""What of the runs an interval with 95 % holds at least."""

TRIANGLES = st.lists(
    st.tuples(st.integers(0, 9), st.one_of(st.just(-1), st.integers(0, 9))), min_size=1, max_size=60
).map(lambda rows: (np.array([day for day, _ in rows]), np.array([delay for _, delay in rows])))


def taken(rng, rows, mean=MEAN):
    """The day of each row, and in which period after it its label comes: exponential from some hour of the day on."""
    day = rng.integers(0, DAYS, rows)
    return day, np.floor(rng.random(rows) + rng.exponential(mean, rows)).astype(np.int64)


def so_far(day, delay, told):
    return Arrivals.of(day, np.where(told & (day + delay <= NOW), delay, -1))


def share_by(age, mean=MEAN):
    return 1 - mean * np.exp(-age / mean) * (1 - np.exp(-1 / mean))


def conversions(rng, rows):
    day, delay = taken(rng, rows)
    return so_far(day, delay, rng.random(rows) < RATE)


def covers(found, truth):
    return found.low <= truth <= found.high


@pytest.mark.parametrize(
    ("law", "truth"), [(geometric, RATE), (truncated, RATE * share_by(NOW))], ids=["ever", "within the window"]
)
def test_ten_in_a_hundred_are_rarely_missed_where_seven_have_come(law, truth):
    """The published setting: rate .1, exponential delays of 10 days, 30 days; .0683 have come, .0999 is corrected."""
    rng = np.random.default_rng([1, law is geometric])
    naive, found = [], []
    for _ in range(RUNS):
        seen = conversions(rng, 5000)
        naive.append(seen.came.sum() / 5000)
        found.append(late_rate(seen, law(seen, NOW), NOW, level=0.975))
    assert np.mean(naive) == pytest.approx(0.0683, abs=3e-4)
    assert np.mean([one.value for one in found]) == pytest.approx(truth, abs=8e-4)
    assert np.mean([covers(one, truth) for one in found]) >= LEAST
    assert np.median([one.high - one.low for one in found]) < 0.03


def test_a_window_that_is_shorter_than_the_delays_says_that_nobody_knows():
    """Five days, where delays are ten on average: any tail would fit."""
    rng, found = np.random.default_rng(9), []
    for _ in range(300):
        day, delay = taken(rng, 40_000)
        inside = day >= DAYS - 5
        seen = so_far(day[inside], delay[inside], rng.random(inside.sum()) < RATE)
        found.append(late_rate(seen, geometric(seen, NOW), NOW, level=0.975))
    assert np.mean([covers(one, RATE) for one in found]) >= 0.9
    assert np.median([one.high for one in found]) > 0.9
    assert max(one.high for one in found) <= 1


def test_the_rate_within_some_days_needs_no_law():
    rng, truth = np.random.default_rng(2), RATE * share_by(14)
    found = [rate_within(conversions(rng, 5000), NOW, 14, level=0.975) for _ in range(RUNS)]
    assert np.mean([one.value for one in found]) == pytest.approx(truth, abs=1e-3)
    assert np.mean([covers(one, truth) for one in found]) >= LEAST
    with pytest.raises(ValueError, match="29 periods old: nobody knows what comes in 30"):
        rate_within(conversions(rng, 5000), NOW, 30)


def test_the_loss_of_positives_that_have_not_come_is_not_that_of_negatives():
    rng, found, naive, truth = np.random.default_rng(3), [], [], []
    for _ in range(draws(400)):
        day, delay = taken(rng, 3000)
        scores = 1 - rng.random(3000) ** (1 / 9)
        y = (rng.random(3000) < scores).astype(float)
        losses = [per_row("log_loss", Truth(np.full(3000, label)), scores) for label in (0.0, 1.0)]
        seen = so_far(day, delay, y == 1)
        came = (y == 1) & (day + delay <= NOW)
        extra, negative = (np.bincount(day, sums, DAYS) for sums in (came * (losses[1] - losses[0]), losses[0]))
        found.append(late_loss(LateLosses(seen, extra, negative), geometric(seen, NOW), NOW, level=0.975))
        truth.append(np.where(y == 1, losses[1], losses[0]).mean())
        naive.append(np.where(came, losses[1], losses[0]).mean())
    assert np.mean([one.value for one in found]) == pytest.approx(np.mean(truth), abs=3e-3)
    assert np.mean([covers(one, np.mean(truth)) for one in found]) >= LEAST
    assert np.mean(naive) < np.mean(truth) - 0.03


@pytest.mark.parametrize("law", [geometric, truncated])
def test_labels_of_one_kind_that_come_late_do_not_make_the_model_look_good(law):
    """Every label comes, the bad ones late (mean 6 days to 1.5): of the labelled too few are bad."""
    rng, found, naive = np.random.default_rng(4), [], []
    for _ in range(draws(400)):
        day, y = rng.integers(0, DAYS, 3000), rng.random(3000) < 0.3
        delay = np.floor(rng.random(3000) + rng.exponential(np.where(y, 6, 1.5))).astype(np.int64)
        wrong = rng.random(3000) < np.where(y, 0.4, 0.1)
        rows, strata = np.bincount(day, minlength=DAYS), []
        for label in (True, False):
            seen = so_far(day, delay, y == label)
            came = (y == label) & (day + delay <= NOW)
            strata.append(Stratum(seen, law(seen, NOW), np.bincount(day, came * wrong, DAYS)))
        found.append(stratified_loss(strata, rows, NOW, since=10, level=0.975))
        labelled = (day + delay <= NOW) & (day >= 10)
        naive.append(wrong[labelled].mean())
    truth = 0.3 * 0.4 + 0.7 * 0.1
    assert np.mean([one.value for one in found]) == pytest.approx(truth, abs=3e-3)
    assert np.mean([covers(one, truth) for one in found]) >= LEAST
    assert np.mean(naive) < truth - 0.015


def test_rows_of_one_kind_whose_labels_come_late_keep_their_weight():
    """Here the delay depends on the score, which is known of every row: Kaplan-Meier's law of each stratum."""
    rng, found, naive = np.random.default_rng(5), [], []
    for _ in range(RUNS):
        day, high = rng.integers(0, DAYS, 3000), rng.random(3000) < 0.4
        delay = np.floor(rng.random(3000) + rng.exponential(np.where(high, 12, 2))).astype(np.int64)
        wrong = rng.random(3000) < np.where(high, 0.4, 0.1)
        came, strata = day + delay <= NOW, []
        for stratum in (True, False):
            of = high == stratum
            seen = Arrivals.of(day[of], np.where(came, delay, -1)[of])
            strata.append(Stratum(seen, censored(seen, NOW), np.bincount(day[of], (came * wrong)[of], DAYS)))
        found.append(stratified_loss(strata, np.bincount(day, minlength=DAYS), NOW, level=0.975))
        naive.append(wrong[came].mean())
    truth = 0.4 * 0.4 + 0.6 * 0.1
    assert np.mean([one.value for one in found]) == pytest.approx(truth, abs=3e-3)
    assert np.mean([covers(one, truth) for one in found]) >= LEAST
    assert np.mean(naive) < truth - 0.02


def test_days_that_differ_are_not_taken_for_rows():
    """Each day has a rate of its own: intervals by row would be right half of the time."""
    rng, held = np.random.default_rng(6), 0
    for _ in range(RUNS):
        day, delay = taken(rng, 6000)
        of_day = rng.beta(4, 36, DAYS)
        seen = so_far(day, delay, rng.random(6000) < of_day[day])
        held += covers(late_rate(seen, truncated(seen, NOW), NOW, level=0.975), RATE * share_by(NOW))
    assert held / RUNS >= LEAST


def test_the_law_may_come_from_older_days_and_the_rate_from_young_ones():
    rng = np.random.default_rng(7)
    day, delay = taken(rng, 200_000)
    seen = so_far(day, delay, rng.random(200_000) < np.where(day < 20, 0.1, 0.2))
    found = late_rate(seen, truncated(seen, NOW), NOW, since=20)
    assert covers(found, 0.2 * share_by(NOW))
    assert late_rate(seen.since(20), truncated(seen, NOW), NOW).value == pytest.approx(found.value)


@settings(max_examples=60, deadline=None)
@given(TRIANGLES)
def test_kaplan_meier_by_counts_is_kaplan_meier_by_rows(rows):
    day, delay = rows
    delay = np.where(day + delay <= 9, delay, -1)
    law = censored(Arrivals.of(day, delay), now=9)
    truth = Truth(np.where(delay >= 0, delay, 9.0 - day), observed=delay >= 0)
    times, lasting = kaplan_meier(truth)
    wanted = [np.r_[1.0, lasting][np.searchsorted(times, age, side="right")] for age in range(len(law.share))]
    np.testing.assert_allclose(1 - law.share, wanted, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(TRIANGLES, TRIANGLES, st.integers(0, 12))
def test_parts_merge_into_the_whole_in_any_order(one, two, now):
    parts = [Arrivals.of(*part) for part in (one, two)]
    whole = Arrivals.of(*(np.concatenate(column) for column in zip(one, two, strict=True)))
    for merged in (parts[0].merged(parts[1]), parts[1].merged(parts[0])):
        assert merged.days.tolist() == whole.days.tolist()
        assert merged.rows.tolist() == whole.rows.tolist()
        assert merged.came.tolist() == whole.came.tolist()
    if whole.days.min() <= now:
        known = whole.known(now)
        day, delay = (np.concatenate(column) for column in zip(one, two, strict=True))
        assert known.came.sum() == ((delay >= 0) & (day + delay <= now)).sum()
        assert known.known(now).came.tolist() == known.came.tolist()
    else:
        with pytest.raises(ValueError, match=f"no rows up to {now}"):
            whole.known(now)


@settings(max_examples=60, deadline=None)
@given(TRIANGLES)
def test_a_law_rises_to_at_most_one(rows):
    seen = Arrivals.of(*rows)
    for law in (censored(seen, 9), truncated(seen, 9)):
        assert (np.diff(law.share) >= -1e-12).all()
        assert law.share.min() >= 0
        assert law.share.max() <= 1 + 1e-12
    assert truncated(seen, 9).share[-1] == 1


@pytest.mark.parametrize("law", [censored, truncated, geometric])
def test_a_day_moves_the_laws_as_they_say(law):
    """The influence of a day is what changes if each of its rows counts a little more; or a little less than it says,
    for it is made larger by the part that the day has of those that could have their label by then (1 in 26)."""
    seen = conversions(np.random.default_rng(8), 20_000)
    many = Arrivals(seen.days, 1000 * seen.rows, 1000 * seen.came)
    more = Arrivals(seen.days, many.rows.copy(), many.came.copy())
    more.rows[25] += seen.rows[25]
    more.came[25] += seen.came[25]
    found = law(many, NOW)
    moved = (law(more, NOW).share - found.share)[:5] / 0.001
    np.testing.assert_allclose(found.moved[25][:5], moved, rtol=0.06, atol=1e-5)
    assert np.abs(moved).max() > 5e-5


def test_what_cannot_be_known_is_said():
    young = Arrivals(np.array([0, 1]), np.array([5, 5]), np.array([[2, 0], [1, 0]]))
    with pytest.raises(ValueError, match="no tail of delays"):
        geometric(young, 1)
    none = Maturity(np.array([0, 1]), np.zeros(2), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="of the 10 rows from None to 1 none can have its label yet"):
        late_rate(young, none, 1)
    with pytest.raises(ValueError, match="none can have its label yet"):
        stratified_loss([Stratum(young, none, np.zeros(2))], young.rows, 1)
    with pytest.raises(ValueError, match="at least 2 days, found 1"):
        late_rate(young, truncated(young, 1), 1, since=1)
    assert mature_share(truncated(young, 1), young.days, 1).tolist() == [1.0, 1.0]
