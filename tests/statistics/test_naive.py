"""What came last: never anything that came at the time of the question or later."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.statistics.naive import HOURS, Labelled, Naive, damped, damping, latest

PLACES = st.lists(st.tuples(st.integers(0, 800), st.sampled_from("ab"), st.integers(0, 9)), min_size=1, max_size=30)
SEASONS = st.sampled_from(["last", "day", "week"])


def labelled(rows):
    return Labelled(
        np.array([hour / 2 for hour, _, _ in rows]),
        [key for _, key, _ in rows],
        np.array([[float(y)] for _, _, y in rows]),
    )


def by_hand(known, hour, key, season):
    """The mean label of the newest rows before `hour` with the key, and of a season in the same hour of it."""
    before = []
    for part in known:
        for when, whose, y in zip(part.hours, part.keys, part.values[:, 0], strict=True):
            slot, now = (when, hour) if season == "last" else (np.floor(when), np.floor(hour))
            same = season == "last" or (now - slot) % HOURS[season] == 0
            if whose == key and slot < now and same:
                before.append((slot, y))
    newest = max((slot for slot, _ in before), default=None)
    return np.mean([y for slot, y in before if slot == newest]) if before else np.nan


@settings(max_examples=150, deadline=None)
@given(st.lists(PLACES, max_size=3), PLACES, SEASONS)
def test_it_is_the_newest_label_before_the_row(known, asked, season):
    known, asked = [labelled(part) for part in known], labelled(asked)
    found = latest(known, asked, season)[:, 0]
    wanted = [by_hand(known, hour, key, season) for hour, key in zip(asked.hours, asked.keys, strict=True)]
    np.testing.assert_allclose(found, wanted)


@settings(max_examples=100, deadline=None)
@given(PLACES, PLACES, SEASONS, st.integers(0, 2**32 - 1))
def test_no_label_of_the_future_and_none_of_its_own_is_used(known, asked, season, seed):
    """Labels from the time of the question on are changed, and those of the asked rows: what is answered is not."""
    one = latest([labelled(known)], labelled(asked), season)
    now = min(hour for hour, _, _ in asked)
    other = [(hour, key, y if hour < now else y + 100 + seed % 7) for hour, key, y in known]
    theirs = [(hour, key, y + 50) for hour, key, y in asked]
    first = [place for place, (hour, _, _) in enumerate(asked) if hour == now]
    two = latest([labelled(other)], labelled(theirs), season)
    np.testing.assert_array_equal(one[first], two[first])


def test_a_missing_key_is_nobody():
    known = Labelled(np.array([1.0, 2.0]), [None, "a"], np.array([[7.0], [8.0]]))
    asked = Labelled(np.array([3.0, 3.0]), [None, "a"], np.zeros((2, 1)))
    assert latest([known], asked, "last")[:, 0].tolist() == [pytest.approx(np.nan, nan_ok=True), 8.0]


def test_without_a_past_there_is_no_answer():
    assert np.isnan(latest([], labelled([(1, "a", 1)]), "week")).all()


def test_damping_finds_how_much_the_last_value_is_worth():
    rng = np.random.default_rng(1)
    last = rng.normal(size=(4000, 1))
    came = 0.6 * last + rng.normal(0, 0.5, (4000, 1))
    last[::7] = np.nan
    weight = damping(came, last, np.zeros(1))
    assert weight == pytest.approx(0.6, abs=0.03)
    assert damping(-came, last, np.zeros(1)) == 0
    assert damping(came, np.full((4000, 1), np.nan), np.zeros(1)) == 0
    made = damped(last, np.array([2.0]), weight)
    assert set(made[::7, 0]) == {2.0}
    assert np.isfinite(made).all()


def test_classes_stay_shares():
    usual, last = np.array([0.5, 0.3, 0.2]), np.eye(3)
    made = damped(last, usual, 0.4)
    assert made.sum(axis=1) == pytest.approx(1)
    assert made.min() > 0


def test_it_is_called_by_what_it_is():
    assert Naive("last").name == "last for squared"
    assert Naive("day", "origin", "brier").name == "day by origin for brier"
