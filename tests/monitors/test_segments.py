"""Where the model has become worse."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.segments import SHOWN, Segments
from everfit.statistics.decay.columns import Column
from everfit.values import Outcome
from tests.monitors.conftest import chance, rows, seen, without_labels
from tests.monitors.toys import BEFORE, late
from tests.nulls import allowed, draws

RUNS = draws(150)


def in_one_city(x, city):
    return np.where(city == 2, 0.75 - 0.5 * chance(x, city), chance(x, city))


def test_the_city_that_got_worse_is_named_first(reference):
    found = Segments().watch(seen(reference, rows(1, truth=in_one_city)))
    assert found.outcome is Outcome.FAILED
    assert found.parts[0].name == "city LGA"
    assert found.parts[0].low > 0.1
    assert found.reason.startswith("log loss is worse in ")
    assert "the worst is city LGA: 0." in found.reason
    alone = Segments(by=("city",)).watch(seen(reference, rows(1, truth=in_one_city)))
    assert [part.name for part in alone.parts if part.outcome is Outcome.FAILED] == ["city LGA"]
    assert {part.name for part in alone.parts} == {"city LGA", "city EWR", "city JFK"}


def test_where_nothing_got_worse_one_is_said_to_be_at_most_at_the_level():
    harms = 0
    for seed in range(RUNS):
        sides = rows(2 * seed, until=BEFORE), rows(2 * seed + 1)
        harms += Segments(at_most_worse=0).watch(seen(*sides, level=0.05)).harms
    assert harms / RUNS <= allowed(RUNS)


def test_of_those_that_are_named_few_are_not_worse(reference):
    false = named = 0
    for seed in range(20):
        found = Segments(by=("city",)).watch(seen(reference, rows(seed + 1, truth=in_one_city), level=0.05))
        failed = [part.name for part in found.parts if part.outcome is Outcome.FAILED]
        named, false = named + len(failed), false + len(set(failed) - {"city LGA"})
    assert named >= 18
    assert false / named <= 0.1


def test_a_hard_segment_that_grew_is_no_harm(reference):
    """More rows where the model is unsure: the loss rises as a whole, and in no segment."""
    before, window = rows(0, until=BEFORE, moved=-2), rows(1, moved=-0.5)
    assert window.losses.mean() > 1.3 * before.losses.mean()
    assert not Segments(by=("city",), at_most_worse=1.0).watch(seen(before, window)).harms
    assert not Segments(by=("other",), at_most_worse=1.0).watch(seen(before, window)).harms


def test_missing_values_new_names_and_one_value_have_their_place(reference):
    some = rows(1)
    x = np.where(np.arange(some.rows) % 3 == 0, np.nan, 1.0)
    town = Column("town", np.arange(some.rows) % 2 * 1.0, ("A", "new"))
    old = Column("town", np.arange(some.rows) % 2 * 1.0, ("A", "B"))
    sides = [replace(side, columns=(Column("x", x), one)) for side, one in ((reference, old), (some, town))]
    found = Segments().watch(seen(*sides))
    assert {part.name for part in found.parts} == {"x from 1 on", "x missing", "town A"}


def test_many_segments_are_cut_off_after_the_worst(reference):
    some = rows(1, per_day=400)
    names = tuple(f"c{place}" for place in range(25))
    before = rows(0, per_day=400, until=BEFORE)
    sides = [replace(s, columns=(Column("c", np.arange(s.rows) % 25 * 1.0, names),)) for s in (before, some)]
    found = Segments().watch(seen(*sides))
    assert len(found.parts) == SHOWN
    assert "of 25 segments" in found.reason


def test_late_labels_of_errors_are_no_harm_of_a_segment(reference):
    random, harms = np.random.default_rng(1), 0
    for seed in range(10):
        some = rows(seed + 1)
        window = late(some, random, np.where(some.y == 1, 1, 8))
        harms += Segments(at_most_worse=0).watch(seen(reference, window, level=0.05)).harms
    assert harms <= 2


def test_what_cannot_be_told_is_said(reference):
    for monitor, situation, words in (
        (Segments(), seen(reference, without_labels(rows(1))), "it takes 30"),
        (Segments(), seen(without_labels(reference), rows(1), task="survival", loss=""), "no loss by itself"),
        (Segments(by=("town",)), seen(reference, rows(1)), "there is no input town (there are: x, other, city)"),
        (Segments(), seen(reference, rows(1, per_day=5)), "none of 14 segments has 100 labelled rows on both sides"),
    ):
        found = monitor.watch(situation)
        assert found.outcome is Outcome.CANNOT_TELL
        assert words in found.reason


def test_too_few_rows_for_an_interval_are_refused():
    with pytest.raises(ValueError, match="min_rows: wanted a whole number of at least 30"):
        Segments(min_rows=5)
