"""Who is told what and when: laws that hold whatever happens, with channels that fail and processes that die."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.alerts.news import LONGEST
from everfit.errors import Unreachable
from everfit.ledger.entries import AlertDue, Alerted, AlertSilenced
from everfit.steps.alert import silence
from tests.alerts.office import Crash, Office, Readers

PARTITIONS = ("2013-05", "2013-06", "2013-07")
COOLDOWN = timedelta(hours=24)
THINGS = st.one_of(
    st.tuples(st.sampled_from(["refuse", "accept"]), st.sampled_from(PARTITIONS)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1, 5, 23, 24, 30])),
    st.tuples(st.just("look"), st.just("")),
)
TROUBLES = st.one_of(THINGS, st.tuples(st.just("look"), st.sampled_from(["be away", "die before", "die after"])))


def live(office: Office, readers: Readers, things: list[tuple[str, object]]) -> Counter[str]:
    """Let things happen; returns how often readers were in trouble, by its kind."""
    troubles: Counter[str] = Counter()
    for what, of in things:
        office.wait(minutes=1)
        if what == "wait":
            office.wait(hours=float(str(of)))
        elif what == "look":
            readers.will = of or "read"  # type: ignore[assignment]
            before = len(office.view.of(AlertDue))
            with contextlib.suppress(Unreachable, Crash):
                office.look(readers)
            troubles[readers.will] += len(office.view.of(AlertDue)) - before
        else:
            getattr(office, what)(of)
    readers.will = "read"
    return troubles


@settings(max_examples=60, deadline=None)
@given(st.lists(THINGS, max_size=40))
def test_an_incident_is_told_once_in_a_cooldown_and_its_end_once(things):
    office, readers = Office(), Readers()
    live(office, readers, things)
    for partition in PARTITIONS:
        told = readers.words(f"data_refused:{partition}")
        opened = [at for news, at in told if news != "over"]
        assert all(later - before >= COOLDOWN for before, later in pairwise(opened))
        for (before, _), (now, _) in pairwise([("over", None), *told]):
            assert now in (["new"] if before == "over" else ["still", "new", "over"])
    assert all(len(set(message.incidents)) == len(message.incidents) for message in readers.read)
    assert len(readers.read) == len(office.view.of(AlertDue)) == len(office.view.of(Alerted))


@settings(max_examples=60, deadline=None)
@given(st.lists(TROUBLES, max_size=40))
def test_whatever_fails_people_know_in_the_end_how_things_are(things):
    office, readers = Office(), Readers()
    troubles = live(office, readers, things)
    for _ in range(2):
        office.wait(hours=30)
        office.look(readers)
    still = {one.key for one in office.open}
    for key in (f"data_refused:{partition}" for partition in PARTITIONS):
        told = [news for news, _ in readers.words(key)]
        assert (told[-1:] not in ([], ["over"])) == (key in still)
    claims, receipts = len(office.view.of(AlertDue)), len(office.view.of(Alerted))
    assert claims - receipts == sum(troubles[kind] for kind in ("be away", "die before", "die after"))
    assert len(readers.read) - receipts == troubles["die after"]


def test_all_that_is_new_at_one_moment_is_one_message_the_worst_first():
    office, readers = Office(when=["data_refused", {"no_fresh_champion": {"within": "1d"}}]), Readers()
    office.refuse("2013-05")
    office.refuse("2013-06")
    office.wait(days=2)
    (message,) = office.look(readers)
    assert readers.titles == ["flight_delays: CRITICAL: no fresh champion for 2 days (and 2 more)"]
    assert message.incidents == ("no_fresh_champion", "data_refused:2013-05", "data_refused:2013-06")
    assert office.look(readers) == ()
    office.accept("2013-05")
    office.wait(days=1)
    office.look(readers)
    assert [one.told.news for one in readers.read[1].news] == ["still", "still", "over"]


def test_what_flaps_within_the_cooldown_is_not_told_anew_until_it_is_over_the_cooldown():
    office, readers = Office(), Readers()
    for hour in range(10):
        (office.accept if hour % 2 else office.refuse)("2013-05")
        office.look(readers)
        office.wait(hours=1)
    assert [news for news, _ in readers.words("data_refused:2013-05")] == ["new", "over"]
    office.refuse("2013-05")
    office.wait(hours=13)
    office.look(readers)
    assert readers.words("data_refused:2013-05")[2:] == []
    office.wait(hours=1)
    office.look(readers)
    assert [news for news, _ in readers.words("data_refused:2013-05")] == ["new", "over", "new"]


def test_without_resolved_nobody_hears_that_it_is_over():
    office, readers = Office(resolved=False), Readers()
    office.refuse("2013-05")
    office.look(readers)
    office.accept("2013-05")
    office.look(readers)
    office.wait(days=2)
    office.refuse("2013-05")
    office.look(readers)
    assert [news for news, _ in readers.words("data_refused:2013-05")] == ["new", "new"]


def test_a_channel_that_is_dead_holds_up_no_other_and_is_asked_ever_less_often():
    office, mail, slack = Office(), Readers("mail"), Readers("slack", "be away")
    office.refuse("2013-05")
    with pytest.raises(Unreachable, match="1 of 2 channels were not reached\n  slack: the connection was refused"):
        office.look(slack, mail)
    assert len(mail.read) == 1
    red = 0
    for _ in range(7 * 24 * 12):
        office.wait(minutes=5)
        with contextlib.suppress(Unreachable):
            office.look(slack, mail)
            red -= 1
        red += 1
    assert red == 7 * 24 * 12
    assert len(mail.read) == 8
    tries = [entry.at for entry in office.view.of(AlertDue) if entry.body.channel == "slack"]
    assert len(tries) < 40
    assert max(later - before for before, later in pairwise(tries)) < LONGEST + timedelta(hours=1)
    slack.will = "read"
    office.wait(hours=6)
    office.look(slack, mail)
    assert slack.titles == ["flight_delays: batch 2013-05 was refused"]


def test_a_new_channel_hears_of_what_is_open():
    office, mail, slack = Office(), Readers("mail"), Readers("slack")
    office.refuse("2013-05")
    office.accept("2013-05")
    office.refuse("2013-06")
    office.look(mail)
    office.look(mail, slack)
    assert slack.titles == mail.titles == ["flight_delays: batch 2013-06 was refused"]


def test_what_came_back_and_was_perhaps_told_is_told_as_over_as_well():
    office, mail = Office(), Readers()
    for will in ("read", "die after"):
        office.refuse("2013-05")
        mail.will = will
        with contextlib.suppress(Crash):
            office.look(mail)
        mail.will = "read"
        office.wait(days=2)
        office.accept("2013-05")
        office.look(mail)
    assert [news for news, _ in mail.words("data_refused:2013-05")] == ["new", "over", "new", "over"]


def test_a_kind_that_is_looked_for_no_more_is_not_over():
    office, mail = Office(), Readers()
    office.refuse("2013-05")
    office.look(mail)
    office.spec = Office(when=[]).spec
    assert office.look(mail) == ()


def test_nobody_is_reminded_of_what_is_silenced_until_it_is_over_and_comes_back():
    office, mail = Office(), Readers()
    office.refuse("2013-05")
    office.look(mail)
    office.wait(hours=1)
    for _ in range(2):
        silence(office.ports, office.spec, "data_refused:2013-05", "it never comes", "ann")
    assert len(office.view.of(AlertSilenced)) == 1
    office.wait(days=3)
    assert office.look(mail) == ()
    office.accept("2013-05")
    office.wait(hours=1)
    office.look(mail)
    office.refuse("2013-05")
    office.look(mail)
    assert [news for news, _ in mail.words("data_refused:2013-05")] == ["new", "over", "new"]
