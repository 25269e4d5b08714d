"""Each kind of incident: what opens it, what ends it, and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from everfit import catalog
from everfit.alerts import Severity
from everfit.ledger.entries import (
    BatchDuplicate,
    BatchLate,
    BatchScored,
    DeploymentFailed,
    GatesOverridden,
    Monitored,
    RollbackRehearsed,
    ScoringRefused,
)
from everfit.signals import Signal
from everfit.values import Outcome, StoredFile
from tests.alerts.office import BEGIN, Office
from tests.ledger.bodies import judged, promoted, registered, rolled_back, started, triggered

FILE = StoredFile("k", "0")


@pytest.fixture
def office() -> Office:
    return Office()


def champions(office: Office, *versions: int) -> None:
    for version in versions:
        office.say(triggered(f"run-{version}"))
        entry = office.say(judged(f"run-{version}", office.view.champion))
        office.say(registered(version, entry.seq))
        office.say(started(version, office.view.champion))
        office.say(promoted(version, office.view.champion))


def keys(office: Office) -> list[str]:
    return [one.key for one in office.open]


def test_every_kind_is_named_as_its_file_and_has_its_own_subject():
    """What another kind finds under its name would be told as over by neither."""
    assert set(catalog.incidents()) == {
        "data_late",
        "data_refused",
        "decayed",
        "kept_back_again",
        "no_fresh_champion",
        "rehearsal_failed",
        "rolled_back",
        "rollout_stopped",
        "scoring_refused",
    }
    office = Office(deadline="1d", when=[*Office().spec.alerts.when])
    champions(office, 1, 2)
    office.refuse("2013-05")
    office.say(BatchLate("2013-06", "f", BEGIN, "the marker is not there"))
    office.say(ScoringRefused("2013-07", "f", "s", ("no rows",), "reports/s.html"))
    office.say(RollbackRehearsed(1, ok=False, seconds=1.0, reason="model.ubj is not whole"))
    for number in range(5):
        office.say(replace(judged(f"bad-{number}", 2), promote=False, reason="above_bar failed"))
    office.say(decay(2))
    office.say(DeploymentFailed(3, "it answers slower"))
    office.wait(days=2)
    found = office.open
    assert {one.kind for one in found} == set(catalog.incidents()) - {"rolled_back"}
    assert all(one.kind in office.spec.alerts.kinds for one in found)
    assert [one.severity for one in found] == sorted((one.severity for one in found), key=list(Severity).index)
    for one in found:
        assert not one.title.endswith(".")
        assert all(text[0].isupper() and text.endswith(".") and ".." not in text for text in (one.what, one.do))
        assert one.entries


def test_refused_data_are_an_incident_until_a_version_of_them_is_accepted(office):
    office.refuse("2013-05", "no rows", "a", "b", "c")
    office.wait(hours=1)
    office.refuse("2013-05", "still no rows")
    office.refuse("2013-06")
    first, other = office.open
    assert (first.key, other.key) == ("data_refused:2013-05", "data_refused:2013-06")
    assert (first.since, first.entries) == (BEGIN, (1, 2))
    assert first.what == (
        "It was refused 2 times and is kept in quarantine: still no rows. Training goes on without it."
    )
    office.accept("2013-05")
    assert keys(office) == ["data_refused:2013-06"]
    office.accept("2013-06")
    office.refuse("2013-05", "the correction has no rows")
    assert "The version accepted before goes on being used." in office.open[0].what
    office.say(BatchDuplicate("2013-05", "f", "s", 4))
    assert keys(office) == []


def test_a_late_delivery_is_an_incident_until_it_is_settled_whichever_way(office):
    office.say(BatchLate("2013-05", "f", BEGIN, "the marker is not there"))
    assert keys(office) == ["data_late:2013-05"]
    assert "since 2013-06-01 00:00 UTC and does not count yet: the marker is not there." in office.open[0].what
    office.refuse("2013-05")
    assert keys(office) == ["data_refused:2013-05"]


def test_what_could_not_be_scored_is_an_incident_until_it_is_scored(office):
    champions(office, 1)
    office.say(ScoringRefused("2013-05", "f", "s", ("no rows", "x"), "reports/s.html"))
    assert [one.what for one in office.open] == ["Nothing of it has a prediction: no rows (and 1 more)."]
    office.say(BatchScored("2013-05", "s", "f", 0, 1, 10, FILE))
    assert keys(office) == []


def test_a_rollout_that_stopped_by_itself_is_an_incident_until_the_next_begins(office):
    champions(office, 1)
    entry = office.say(judged("run-2", 1))
    office.say(registered(2, entry.seq))
    office.say(started(2, 1))
    office.say(DeploymentFailed(2, "it is wrong more often: +0.02"))
    assert [(one.key, one.what) for one in office.open] == [
        (
            "rollout_stopped:2",
            "It had passed its gates, and was stopped: it is wrong more often: +0.02. Version 1 goes on serving.",
        )
    ]
    entry = office.say(judged("run-3", 1))
    office.say(registered(3, entry.seq))
    office.say(started(3, 1))
    assert keys(office) == []
    office.say(DeploymentFailed(3, "stopped by ann: a holiday", by="ann"))
    assert keys(office) == []


def test_a_champion_that_was_taken_back_is_an_incident_until_another_is_promoted(office):
    champions(office, 1, 2)
    office.say(rolled_back(1, 2))
    assert [one.title for one in office.open] == ["champion 2 was taken back"]
    champions(office, 3)
    assert keys(office) == []


def test_a_failed_rehearsal_is_one_incident_until_one_goes_well_or_another_version_is_the_way_back(office):
    champions(office, 1, 2)
    office.say(RollbackRehearsed(1, ok=True, seconds=1.0, reason="fine"))
    for day in range(3):
        office.say(RollbackRehearsed(1, ok=False, seconds=1.0, reason=f"day {day}"))
        office.wait(days=1)
    (one,) = office.open
    assert (one.key, one.since, len(one.entries)) == ("rehearsal_failed:1", BEGIN, 3)
    assert "would fail: day 2." in one.what
    champions(office, 3)
    assert keys(office) == []
    office.say(RollbackRehearsed(2, ok=False, seconds=1.0, reason="gone"))
    office.say(RollbackRehearsed(2, ok=True, seconds=1.0, reason="fine"))
    assert keys(office) == []


def test_candidates_that_are_kept_back_again_and_again():
    office = Office(when=[{"kept_back_again": {"times": 3}}])
    champions(office, 1)
    bodies = [replace(judged(f"bad-{n}", 1), promote=False, reason=f"above_bar failed: {n}") for n in range(4)]
    for body in bodies[:2]:
        office.say(body)
    office.say(bodies[1])  # judged again: the same candidate
    assert keys(office) == []
    office.wait(days=1)
    office.say(bodies[2])
    office.wait(days=1)
    office.say(bodies[3])
    (one,) = office.open
    assert (one.key, one.since) == ("kept_back_again:bad-0", BEGIN + timedelta(days=1))
    assert one.title == "4 candidates in a row were kept back"
    assert one.what.endswith("The last one: above_bar failed: 3.")
    judgement = office.view.of(type(bodies[3]))[-1].seq
    office.say(GatesOverridden("bad-3", judgement, "we know better", "ann"))
    assert keys(office) == []


def test_the_deadline_for_a_fresh_champion():
    office = Office(deadline="45d")
    assert keys(office) == []
    office.accept("2013-05")
    office.wait(days=45)
    assert keys(office) == []
    office.wait(minutes=1)
    (one,) = office.open
    assert (one.key, one.since, one.severity) == ("no_fresh_champion", BEGIN + timedelta(days=45), Severity.CRITICAL)
    assert one.title == "no fresh champion for 45 days"
    assert "There has never been one. The newest batch, 2013-05" in one.what
    assert "no training run has started since." in one.what
    champions(office, 1)
    assert keys(office) == []
    office.wait(days=40)
    champions(office, 2)
    office.wait(days=20)
    office.say(rolled_back(1, 2))  # it is as old as it was
    assert keys(office)[0] == "no_fresh_champion"


def test_what_stands_in_the_way_of_a_fresh_champion():
    office = Office(when=[{"no_fresh_champion": {"within": "1d"}}])
    office.refuse("2013-04")
    office.wait(days=2)
    assert "No batch has been accepted yet." in office.open[0].what
    office.accept("2013-05")
    office.say(triggered("run-1"))
    assert "has judged no candidate." in office.open[0].what
    office.say(replace(judged("run-1"), promote=False, reason="above_bar failed"))
    assert "the last candidate was kept back: above_bar failed." in office.open[0].what
    office.say(triggered("run-2"))
    office.say(judged("run-2"))
    assert "passed its gates and does not serve yet." in office.open[0].what
    champions(office, 3)
    office.wait(days=2)
    assert office.open[0].what.endswith("was accepted on 2013-06-03 00:00 UTC, and the champion knows it.")


def test_a_champion_that_beats_each_candidate_can_count_as_fresh():
    office = Office(when=[{"no_fresh_champion": {"within": "10d", "since": "judged"}}])
    champions(office, 1)
    office.wait(days=9)
    office.say(replace(judged("run-2", 1), promote=False))
    office.wait(days=9)
    assert keys(office) == []
    office.wait(days=2)
    assert keys(office) == ["no_fresh_champion"]


def decay(version: int, outcome: Outcome = Outcome.FAILED) -> Monitored:
    signal = Signal("quality", outcome, "log loss rose by 0.04")
    words = ("concept", "retrain", "the label depends otherwise on the features")
    return Monitored(version, BEGIN, BEGIN, 100, 50, 0.05, (signal,), *words, "reports/m.html", FILE)


def test_harm_that_the_monitor_found_is_an_incident_until_it_finds_none(office):
    champions(office, 1)
    office.say(decay(1))
    office.say(decay(1))
    (one,) = office.open
    assert (one.key, len(one.entries), one.page) == ("decayed:1", 2, "reports/m.html")
    assert one.what == (
        "Harm was found by quality: log loss rose by 0.04. Why: the label depends otherwise on the features."
    )
    assert one.do.startswith("Train on newer data")
    office.say(decay(1, Outcome.PASSED))
    assert keys(office) == []
    office.say(decay(1))
    champions(office, 2)
    assert keys(office) == []
