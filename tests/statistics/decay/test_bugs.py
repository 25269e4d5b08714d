"""Broken columns are told, each by its sign, and columns that honestly moved are not called broken."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.statistics.decay.bugs import UNITS, broken, canonical, factor
from everfit.statistics.decay.columns import Column, look
from everfit.statistics.decay.together import find
from tests.statistics.decay.toy import BUGS, USUAL, answered, window, with_labels

SIZE = 3000
ROWS = np.arange(SIZE)


def told(old, new):
    return find(old.columns, new.columns, (old.clusters, new.clusters), (old.y, new.y))


@pytest.fixture(scope="module")
def reference():
    return answered(*window(USUAL, SIZE, np.random.default_rng(1)))


@pytest.mark.parametrize("kind", BUGS)
def test_what_is_broken_is_told_by_its_sign(kind, reference):
    spoil, column = BUGS[kind]
    for seed in range(3):
        random = np.random.default_rng([2, seed])
        x, y = window(USUAL, SIZE, random)
        spoil(x, random)
        found = told(reference, answered(x, y))
        assert [bug.kind for bug in found] == [kind.split()[0]]
        assert column is None or column in found[0].columns


def middles(k, value):
    return replace(USUAL, middle=tuple(value if j == k else one for j, one in enumerate(USUAL.middle)))


HONEST = {
    "nothing": USUAL,
    "two sigma up": middles(0, 2.0),
    "three sigma down": middles(0, -3.0),
    "twice as wide": replace(USUAL, wide=2.0),
    "five times as wide": replace(USUAL, wide=5.0),
    "heavier": middles(4, 80.0),
    "as light as others": middles(4, 20.0),
    "prices up by a third": middles(5, 2 + np.log(1.33)),
    "prices doubled": middles(5, 2 + np.log(2)),
    "counts doubled": middles(6, 8.0),
    "counts fell": middles(6, 1.0),
    "other kinds": replace(USUAL, kinds=(0.1, 0.1, 0.2, 0.6)),
    "kinds as if swapped": replace(USUAL, kinds=(0.3, 0.4, 0.2, 0.1)),
    "another concept": replace(USUAL, effect=(-1.2, -1.0, 0.8, 0.0)),
}


@pytest.mark.parametrize("change", HONEST)
def test_an_honest_change_is_not_called_broken(change, reference):
    for seed in range(3):
        now = answered(*window(HONEST[change], SIZE, np.random.default_rng([3, seed])))
        assert told(reference, now) == ()


def test_other_labels_or_a_part_of_the_rows_are_not_called_broken(reference):
    random = np.random.default_rng(4)
    assert told(reference, answered(*with_labels(0.6, SIZE, random))) == ()
    x, y = window(USUAL, 3 * SIZE, random)
    for part in (x[:, 0] > 0, np.abs(x[:, 1]) < 0.8, x[:, 7] != 0):
        assert told(reference, answered(x[part], y[part])) == ()


def names(values, categories):
    return look(Column("site", np.asarray(values, dtype=float), categories), np.arange(len(values)) % 20)


def test_names_that_are_spelled_differently_are_told_from_new_ones():
    random = np.random.default_rng(5)
    codes = random.integers(0, 4, SIZE)
    old = names(codes, ("north", "south", "münchen", "1"))
    for other in (
        ("North", "South", "München", "1"),
        ("north", "south", "mÃ¼nchen", "1"),
        ("north", "south", "munchen", "1"),
        (" north", "south ", "münchen", "1.0"),
    ):
        found = broken("site", old, names(codes, other))
        assert found is not None
        assert (found.kind, found.columns) == ("spelling", ("site",))
    new = broken("site", old, names(codes, ("north", "south", "münchen", "berlin")))
    assert new is None
    book = broken("site", old, names(codes, ("7a", "7b", "7c", "7d")))
    assert book is not None
    assert book.kind == "unseen"
    assert len({canonical(name) for name in ("north", "NORTH ", '"north"')}) == 1


def quantity(values):
    return look(Column("x", values), ROWS % 20)


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != 7])
def test_every_unit_is_found_both_ways(unit):
    random = np.random.default_rng(6)
    one, other = (quantity(random.normal(50, 20, SIZE)) for _ in range(2))
    scaled = quantity(random.normal(50, 20, SIZE) * unit)
    for old, new in ((one, scaled), (scaled, other)):
        found = broken("x", old, new)
        assert found is not None
        assert found.kind == "unit"


def test_a_factor_of_no_unit_is_a_move():
    random = np.random.default_rng(7)
    old = quantity(random.lognormal(0, 1, SIZE))
    for by in (0.5, 1.2, 2.0, 3.0, 5.0):
        assert broken("x", old, quantity(by * random.lognormal(0, 1, SIZE))) is None
    assert factor(np.array([1.0, 2.0, 3.0]), np.array([-1.0, -2.0, -3.0])) == (-1.0, 0.0)


def test_missing_shares_that_vary_by_day_anyway_are_no_bug():
    random = np.random.default_rng(8)
    day = ROWS * 20 // SIZE

    def side(shares):
        gone = random.random(SIZE) < shares[day]
        return look(Column("x", np.where(gone, np.nan, random.normal(size=SIZE))), day)

    wild = np.where(np.arange(20) % 5 == 0, 0.6, 0.0)
    assert broken("x", side(wild), side(np.roll(wild, 2) + 0.06 * (np.arange(20) % 2))) is None
    found = broken("x", side(np.full(20, 0.1)), side(np.full(20, 0.25)))
    assert found is not None
    assert found.share == pytest.approx(0.15, abs=0.03)


def test_columns_that_are_alike_anyway_did_not_change_places():
    random = np.random.default_rng(12)
    for _ in range(40):
        old, new = ([Column(name, random.normal(size=SIZE)) for name in "abcd"] for _ in range(2))
        assert find(old, new, (ROWS % 20, ROWS % 20)) == ()


def test_columns_that_changed_sign_together_keep_their_innocent_neighbour(reference):
    x, y = window(USUAL, SIZE, np.random.default_rng(9))
    x[:, 1] *= -1  # load goes with speed and weight: those two still go with each other
    found = told(reference, answered(x, y))
    assert [(bug.kind, bug.columns) for bug in found] == [("sign", ("load",))]


def test_what_is_the_same_all_day_goes_together_by_chance_and_is_not_broken():
    """A weekday and the weather of 28 days, as flights have them: a hundred rows of a day are not a hundred weeks."""
    for seed in range(25):
        random = np.random.default_rng([17, seed])

        def month(random=random):
            days = np.repeat(np.arange(28), 100)
            rain, wind = (random.normal(size=28)[days] + 0.1 * random.normal(size=2800) for _ in range(2))
            return [Column("weekday", (days % 7).astype(float)), Column("rain", rain), Column("wind", wind)], days

        (old, before), (new, now) = month(), month()
        assert find(old, new, (before, now)) == ()
