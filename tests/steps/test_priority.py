"""Who goes first, as it follows from the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.steps.priority import POINT, Priority, due, priority_of
from tests.steps.queueing import hall, measured, spec_of

CAME = datetime(2013, 5, 1, tzinfo=UTC)
PRIORITIES = st.builds(
    Priority,
    asked=st.booleans(),
    person=st.booleans(),
    fresh=st.floats(0, 1),
    age=st.floats(0, 100),
    helps=st.floats(0, 1),
    gain=st.floats(0, 1),
    turns=st.integers(0, 1000),
)


@pytest.fixture
def here(tmp_path):
    return hall(tmp_path)


def trained(here, spec, *partitions):
    """The champion of the model, trained a moment ago."""
    here.accept(spec.name, *partitions)
    run = here.trigger(spec)
    here.promote(run, spec.name)
    return run


def test_a_first_model_is_worth_most(here):
    here.accept("m", "2013-01", "2013-02")
    found = priority_of(here.view("m"), spec_of("m"), here.trigger(spec_of("m")), here.now)
    assert found == Priority(asked=False, person=False, fresh=1, age=0, helps=0.5, gain=0.5, turns=0)


def test_new_rows_are_those_that_the_champion_has_not_learned_from(here):
    spec = spec_of("m")
    trained(here, spec, "2013-01", "2013-02", "2013-03")  # learned from the first two
    here.accept("m", "2013-04", rows=50)
    run = here.trigger(spec)  # learns from 02 (known) and 03 (only judged on until now)
    assert priority_of(here.view("m"), spec, run, here.now).fresh == 0.5


def test_the_champions_age_is_in_periods_of_the_schedule(here):
    weekly, never = spec_of("m", cron="0 5 * * 1"), spec_of("m")
    trained(here, weekly, "2013-01", "2013-02", "2013-03")
    here.wait(days=14)
    run = here.trigger(weekly, forced=True)
    assert priority_of(here.view("m"), weekly, run, here.now).age == 2
    assert priority_of(here.view("m"), never, run, here.now).age == 0


def test_what_the_retrains_before_gained_counts_as_far_as_it_is_known(here):
    def after(name, *gains):
        spec = spec_of(name)
        trained(here, spec, "2013-01", "2013-02", "2013-03")
        for number, (better, error) in enumerate(gains):
            here.accept(name, f"2014-{number:02d}")
            here.judge(here.trigger(spec), name, measured(1, 0.1, gate="above_bar"), measured(better, error))
        here.accept(name, "2015-01")
        return priority_of(here.view(name), spec, here.trigger(spec), here.now).helps

    assert after("unknown") == 0.5
    assert after("gained", (0.02, 0.005), (0.03, 0.005)) > 0.99
    assert after("lost", (-0.02, 0.005), (-0.03, 0.005)) < 0.01
    assert 0.5 < after("unsure", (0.02, 0.05)) < 0.65


def test_asked_for_and_started_by_a_person_and_turns(here):
    spec = spec_of("m")
    trained(here, spec, "2013-01", "2013-02", "2013-03")
    here.ask("m")
    asked = here.trigger(spec)
    assert priority_of(here.view("m"), spec, asked, here.now).asked
    here.promote(asked, "m")
    by_hand = here.trigger(spec, "a person", forced=True)
    found = priority_of(here.view("m"), spec, by_hand, here.now)
    assert (found.asked, found.person, found.turns) == (False, True, 2)
    here.wait(days=1, seconds=1)
    assert priority_of(here.view("m"), spec, by_hand, here.now).turns == 0


def test_importance_counts_the_gain_as_so_many_models(here):
    here.accept("m", "2013-01", "2013-02")
    run = here.trigger(spec_of("m"))
    gains = [priority_of(here.view("m"), spec_of("m", importance=w), run, here.now).gain for w in (0.5, 1.0, 2.0)]
    assert gains == pytest.approx([1 - 0.5**0.5, 0.5, 0.75])


@given(PRIORITIES, PRIORITIES)
def test_nobody_who_comes_three_days_later_goes_first(one, other):
    assert -2 <= one.lead <= 4
    assert due(CAME, one) <= due(CAME + 6 * POINT, other)
    assert timedelta(days=3) == 6 * POINT


@given(PRIORITIES)
def test_more_reason_never_puts_a_run_further_back(one):
    for more in (
        replace(one, asked=True),
        replace(one, person=True),
        replace(one, gain=1.0),
        replace(one, turns=0),
    ):
        assert due(CAME, more) <= due(CAME, one)


@given(PRIORITIES, PRIORITIES)
def test_of_those_that_come_together_asked_for_is_first(asked, other):
    assert due(CAME, replace(asked, asked=True)) <= due(CAME, replace(other, asked=False))


@given(PRIORITIES)
def test_a_person_goes_before_the_schedule(one):
    assert due(CAME, replace(one, person=True)) <= due(CAME, replace(one, person=False, gain=1.0))
