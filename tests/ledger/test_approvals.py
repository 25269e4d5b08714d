"""Nothing is promoted that people were asked about and have not agreed to, whoever writes into the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import LedgerError, NotApproved, UnknownName
from everfit.ledger import Ledger
from everfit.ledger.approvals import Answer, approval, in_short
from everfit.ledger.entries import (
    ApprovalAsked,
    ApprovalGiven,
    ApprovalLapsed,
    DeploymentStarted,
    GatesOverridden,
    Promoted,
)
from everfit.ledger.people import in_sentences, tags
from everfit.ledger.words import in_words
from everfit.testing.fakes import MemoryStore, TickingClock
from tests.ledger.bodies import judged, promoted, registered, started, triggered

NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)
UNTIL = NOON + timedelta(hours=24)


def house() -> Ledger:
    """A model with version 1 registered, of run r."""
    ledger = Ledger("m", MemoryStore(), TickingClock())
    ledger.append("run", triggered("r"))
    entry = ledger.append("judged:r", judged("r"))
    ledger.append("registered:r", registered(1, entry.seq))
    return ledger


def ask(ledger: Ledger, key: str = "ask", **changes: object) -> int:
    terms = {"version": 1, "people": ("ann", "ben"), "four_eyes": False, "until": UNTIL, "otherwise": "keep_back"}
    return ledger.append(key, ApprovalAsked(**(terms | changes))).seq  # type: ignore[arg-type]


def say(ledger: Ledger, asked: int, who: str, approved: bool = True, at: datetime = NOON) -> None:
    ledger.append(f"said {who} {at}", ApprovalGiven(1, asked, approved, who, "looks good", at, "in Airflow"))


def state(ledger: Ledger) -> Answer:
    found = approval(ledger.view(), 1)
    assert found is not None
    return found.answer


def test_who_is_not_asked_promotes_without() -> None:
    ledger = house()
    assert approval(ledger.view(), 1) is None
    assert ledger.append("p", promoted(1)).kind == "promoted"


def test_an_open_question_stops_intent_and_decision_until_somebody_approves() -> None:
    ledger = house()
    asked = ask(ledger)
    for body in (started(1), promoted(1)):
        with pytest.raises(NotApproved, match="not to be promoted: it waits for ann or ben to approve it"):
            ledger.append(f"{body}", body)
    say(ledger, asked, "ann")
    assert state(ledger) is Answer.APPROVED
    ledger.append("start", DeploymentStarted(1, None))
    ledger.append("promote", Promoted(1, None, 2, 3, 0.0))
    assert ledger.view().champion == 1


def test_one_who_rejects_is_enough_and_the_version_waits_no_more() -> None:
    ledger = house()
    asked = ask(ledger, four_eyes=True)
    say(ledger, asked, "ann")
    assert ledger.view().challenger == 1
    say(ledger, asked, "ben", approved=False)
    assert state(ledger) is Answer.REJECTED
    assert ledger.view().challenger is None
    with pytest.raises(NotApproved, match="ben rejected it"):
        ledger.append("p", promoted(1))
    with pytest.raises(NotApproved, match="asked about version 1 already: it is rejected"):
        ask(ledger, "once more")


def test_four_eyes_are_those_of_two_people() -> None:
    ledger = house()
    asked = ask(ledger, four_eyes=True)
    say(ledger, asked, "ann")
    assert state(ledger) is Answer.OPEN
    with pytest.raises(NotApproved, match="ann has approved version 1 already; wanted somebody else"):
        say(ledger, asked, "ann", at=NOON + timedelta(hours=1))
    with pytest.raises(NotApproved, match="not to be promoted"):
        ledger.append("p", promoted(1))
    say(ledger, asked, "ben")
    assert state(ledger) is Answer.APPROVED


@pytest.mark.parametrize(
    ("who", "at", "said"),
    [
        ("eve", NOON, "eve may not answer for version 1; wanted ann or ben"),
        ("ann", UNTIL, "was over at 2013-06-02 12:00"),
    ],
)
def test_who_may_not_or_is_late_is_not_heard(who: str, at: datetime, said: str) -> None:
    ledger = house()
    with pytest.raises(NotApproved, match=said):
        say(ledger, ask(ledger), who, at=at)


@pytest.mark.parametrize(("promote", "answer"), [(True, Answer.APPROVED), (False, Answer.LAPSED)])
def test_when_the_time_is_over_the_declared_default_counts(promote: bool, answer: Answer) -> None:
    ledger = house()
    asked = ask(ledger, otherwise="promote" if promote else "keep_back")
    ledger.append("over", ApprovalLapsed(1, asked, promote))
    assert state(ledger) is answer
    assert (ledger.view().challenger == 1) is promote
    with pytest.raises(NotApproved, match=f"is {answer} already"):
        say(ledger, asked, "ann")
    with pytest.raises(NotApproved, match="the deadline changes nothing"):
        ledger.append("again", ApprovalLapsed(1, asked, promote))


def test_a_question_that_lapsed_can_be_put_again_and_old_answers_do_not_count() -> None:
    ledger = house()
    first = ask(ledger, four_eyes=True)
    say(ledger, first, "ann")
    ledger.append("over", ApprovalLapsed(1, first, False))
    second = ask(ledger, "again", four_eyes=True)
    assert state(ledger) is Answer.OPEN
    with pytest.raises(NotApproved, match=f"entry {first} is not the newest question"):
        say(ledger, first, "ben")
    say(ledger, second, "ben")
    assert state(ledger) is Answer.OPEN


def test_nobody_is_asked_about_what_is_not_registered() -> None:
    with pytest.raises(UnknownName, match="no registered version '7'"):
        ask(house(), version=7)


ANSWERS = st.tuples(st.sampled_from(["ann", "ben", "eve"]), st.booleans(), st.integers(-2, 2))


@given(st.booleans(), st.lists(ANSWERS, max_size=6))
@settings(max_examples=100, deadline=None)
def test_only_enough_different_people_who_may_in_time_and_nobody_against_can_promote(
    four_eyes: bool, answers: list[tuple[str, bool, int]]
) -> None:
    ledger = house()
    asked = ask(ledger, four_eyes=four_eyes)
    yes: set[str] = set()
    refused = False
    for who, approved, hours in answers:
        at = UNTIL + timedelta(hours=hours, minutes=-30)
        heard = who in ("ann", "ben") and at < UNTIL and who not in yes and not refused
        heard = heard and len(yes) < (2 if four_eyes else 1)
        try:
            say(ledger, asked, who, approved, at)
        except NotApproved:
            assert not heard
            continue
        if heard:
            yes |= {who} if approved else set()
            refused = refused or not approved
    try:
        ledger.append("p", promoted(1))
    except NotApproved:
        assert refused or len(yes) < (2 if four_eyes else 1)
    else:
        assert not refused
        assert len(yes) == (2 if four_eyes else 1)


def test_gates_that_passed_are_not_overridden_and_a_reason_is_needed() -> None:
    ledger = Ledger("m", MemoryStore(), TickingClock())
    entry = ledger.append("judged:r", judged("r"))
    with pytest.raises(LedgerError, match="passed its gates in entry 1: nothing to override"):
        ledger.append("over", GatesOverridden("r", entry.seq, "because", "ann"))
    kept = ledger.append("judged:s", judged_back("s"))
    with pytest.raises(LedgerError, match="needs a reason"):
        ledger.append("over", GatesOverridden("s", kept.seq, "  ", "ann"))
    assert ledger.append("over", GatesOverridden("s", kept.seq, "we know better", "ann")).seq == 3
    assert ledger.view().overridden("s") is not None
    assert ledger.view().overridden("r") is None


def judged_back(run: str):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(judged(run), promote=False, reason="1 of 1 gates did not pass")


def test_in_words_for_pages_tags_and_terminals() -> None:
    ledger = house()
    asked = ask(ledger, four_eyes=True, otherwise="promote")
    say(ledger, asked, "ann")
    view = ledger.view()
    found = approval(view, 1)
    assert found is not None
    assert in_short(found) == "ann approved it (looks good); it waits for ann or ben (somebody else) to approve it"
    assert in_words(view.entries[asked - 1]) == (
        "version 1 needs approval by two different people of ann or ben until 2013-06-02 12:00 UTC, else promote"
    )
    assert tags(view, "r") == {"everfit.approval": f"open: {in_short(found)}"}
    assert [said.partition(" (2")[0] for said in in_sentences(view, "r")] == [
        "Version 1 needs approval by two different people of ann or ben until 2013-06-02 12:00 UTC, else promote",
        "Version 1 approved by ann (in Airflow): looks good",
    ]
    ledger.append("over", ApprovalLapsed(1, asked, True))
    found = approval(ledger.view(), 1)
    assert found is not None
    assert in_short(found) == (
        "ann approved it (looks good); nobody else answered until 2013-06-02 12:00 UTC, and the declared default "
        "promotes it"
    )
