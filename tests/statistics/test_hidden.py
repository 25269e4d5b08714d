"""Slices found on half of the days and tested on the other: how often chance is taken for harm, and harm is missed."""

import numpy as np
import pytest

from everfit.statistics.grown import Condition, Group
from everfit.statistics.hidden import halves, suspects
from tests.nulls import allowed, draws


def draw(rng, days=24, per_day=120, columns=6, values=6, harm=0.0):
    """Rows of days that go together, in all and in each value of a column; a column that follows the day; heavy tails.

    The harmed group is one value of the first column together with one of the second: 3 % of the rows.
    """
    day = np.repeat(np.arange(days), rng.poisson(per_day, days) + 1)
    table = rng.integers(0, values, (columns, len(day)))
    table[:2] = np.searchsorted(np.linspace(0.173, 1, values)[:-1], rng.random((2, len(day))))
    table[2] = rng.integers(0, values, days)[day]
    group = (table[0] == 0) & (table[1] == 0)
    differences = 0.2 * rng.standard_t(4, len(day)) + rng.normal(0, 0.05, days)[day]
    differences += rng.normal(0, 0.05, (values, days))[table[1], day] + harm * group
    return table, (values,) * columns, differences, day


def test_either_half_has_every_second_day():
    day = np.array([9, 3, 3, 5, 8, 9])
    assert halves(day).tolist() == [False, True, True, False, True, False]


@pytest.mark.parametrize(("columns", "runs"), [(4, 1500), (8, 400)])
def test_chance_is_taken_for_harm_once_in_twenty(columns, runs):
    rng, wrong, runs = np.random.default_rng([1, columns]), 0, draws(runs)
    for _ in range(runs):
        wrong += any(suspects(*draw(rng, columns=columns), depth=2, ordered=(0, 0, *[6] * (columns - 2))).counts)
    assert wrong / runs < allowed(runs)
    assert wrong / runs > 0.01  # it is not safe by never saying so


def test_testing_on_the_rows_that_were_searched_would_break_the_promise():
    rng, wrong = np.random.default_rng(2), 0
    for _ in range(50):
        table, sizes, differences, day = draw(rng, per_day=400, columns=8)
        twice = [np.concatenate([one, one], axis=-1) for one in (table, differences)]
        # the rows of each day once more, on a day that the search does not see
        wrong += any(suspects(twice[0], sizes, twice[1], np.concatenate([2 * day, 2 * day + 1]), depth=2).counts)
    assert wrong / 50 > 0.5


def test_a_harmed_group_of_three_percent_is_named():
    rng, named, runs = np.random.default_rng(3), 0, 60
    planted = Group((Condition(0, 0, 0), Condition(1, 0, 0)))
    for _ in range(runs):
        found = suspects(*draw(rng, days=30, per_day=700, columns=10, harm=0.15), depth=3)
        surest = int(np.argmin(found.chances))
        named += found.counts[surest] and found.groups[surest] == planted
    assert named / runs >= 0.95


def test_a_broad_range_of_which_a_search_finds_a_piece_is_found_whole():
    rng = np.random.default_rng(7)
    table, sizes, differences, day = draw(rng, days=30, per_day=700, values=10)
    broad = (table[3] >= 2) & (table[3] <= 6) & (table[4] == 1)
    found = suspects(table, sizes, differences + 0.15 * broad, day, ordered=(0, 0, 0, 10, 0, 10))
    assert found.groups[0] == Group((Condition(3, 2, 6), Condition(4, 1, 1)))
    assert found.counts[0]


def test_harm_below_the_bar_is_none():
    rng = np.random.default_rng(4)
    drawn = draw(rng, days=30, per_day=700, harm=0.3)
    assert any(suspects(*drawn).counts)
    assert not any(suspects(*drawn, bar=0.3).counts)


def test_what_counts_is_what_has_its_bound_at_the_bar():
    rng = np.random.default_rng(5)
    for _ in range(20):
        found = suspects(*draw(rng, harm=0.15), depth=2)
        low = found.means.value - found.means.reach(found.level)
        can = found.means.enough()
        assert ((low > 0)[can] == np.array(found.counts)[can]).all()


def test_nothing_to_find_finds_nothing():
    table, sizes, differences, day = draw(np.random.default_rng(6))
    assert suspects(table, sizes, np.zeros(len(day)), day).groups == ()
    assert suspects(table, sizes, -np.abs(differences) - 1, day).counts in ((), (False,) * 10)
