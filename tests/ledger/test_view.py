from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import EverfitError, LedgerError, StaleHead, UnknownName
from everfit.ledger import Ledger, View
from everfit.ledger.entries import (
    BatchAccepted,
    BatchDuplicate,
    BatchQuarantined,
    Body,
    DeploymentFailed,
    DeploymentOvertaken,
    ModelRegistered,
    Promoted,
    RolledBack,
)
from everfit.testing.fakes import MemoryStore, TickingClock
from tests.ledger.bodies import accepted, judged, promoted, refused, registered, rolled_back, started, triggered

Standing = tuple[int | None, int | None, int | None]


def after(*bodies: Body) -> View:
    ledger = Ledger("m", MemoryStore(), TickingClock())
    for number, body in enumerate(bodies):
        ledger.append(str(number), body)
    return ledger.view()


def standing(view: View) -> Standing:
    return view.champion, view.previous, view.challenger


def test_nothing_decided_yet() -> None:
    view = after()
    assert standing(view) == (None, None, None)
    assert (view.head, view.batches, view.versions, view.settled, view.triggers) == (
        "",
        (),
        {},
        frozenset(),
        (),
    )


@pytest.mark.parametrize("more", [0, 1, 5, 20])
def test_a_view_that_goes_on_is_the_view_of_all(more: int) -> None:
    entries = after(
        *(accepted(f"p{number}", str(number)) for number in range(4)), *[refused("p1", "bad")] * (more + 2)
    ).entries
    before, new = View(entries[:4]), entries[4:]
    found, whole = before.after(new), View(entries)
    assert found == whole
    assert all(found.of(kind) == whole.of(kind) for kind in {BatchAccepted, BatchQuarantined})
    assert all(found.claimed(entry.key) == whole.claimed(entry.key) == entry for entry in entries)
    assert before.claimed(entries[-1].key) is None


LIFE: list[tuple[Body, Standing]] = [
    (registered(1), (None, None, 1)),
    (started(1), (None, None, 1)),
    (promoted(1), (1, None, None)),
    (registered(2), (1, None, 2)),
    (started(2, 1), (1, None, 2)),
    (registered(3), (1, None, 2)),  # 2 is on trial, so 3 waits
    (promoted(2, 1), (2, 1, 3)),
    (DeploymentFailed(3, "does not load"), (2, 1, None)),
    (registered(4), (2, 1, 4)),
    (started(3, 2), (2, 1, 3)),  # somebody tries 3 again
    (DeploymentFailed(3, "still not"), (2, 1, 4)),
    (started(4, 2), (2, 1, 4)),
    (promoted(4, 2), (4, 2, None)),
    (rolled_back(2, 4), (2, 1, None)),  # never back to 4, which was undone
    (rolled_back(1, 2), (1, None, None)),
    (registered(5), (1, None, 5)),
    (promoted(5, 1), (5, 1, None)),
    (rolled_back(4, 5), (4, 1, None)),  # a change of mind: 4 takes the place of 5
    (started(4, 4), (4, 1, None)),  # put on the target anew: still the champion, not its own challenger
    (registered(6), (4, 1, 6)),
    (started(6, 4), (4, 1, 6)),
    (DeploymentOvertaken(6, "5 came first"), (4, 1, 6)),  # no fault of its own: it waits to be judged again
    (DeploymentFailed(6, "kept back"), (4, 1, None)),
]


@pytest.mark.parametrize("moment", range(len(LIFE)))
def test_a_life(moment: int) -> None:
    assert standing(after(*(body for body, _ in LIFE[: moment + 1]))) == LIFE[moment][1]


def test_an_earlier_moment_can_be_seen_again() -> None:
    entries = after(*(body for body, _ in LIFE)).entries
    assert [standing(View(entries[: n + 1])) for n in range(len(LIFE))] == [wanted for _, wanted in LIFE]


def test_an_older_version_loses_its_turn() -> None:
    assert standing(after(registered(1), registered(2), promoted(2))) == (2, None, None)


def test_batches() -> None:
    view = after(
        accepted("2013-02", "b"),
        refused("2013-01", "bad", "f0"),
        accepted("2013-01", "a", fingerprint="f1"),
        accepted("2013-02", "c", version=2, fingerprint="f2"),
        BatchDuplicate("2013-02", "f3", "c", 4),
    )
    assert [(seq, batch.label) for seq, batch in view.batches] == [(3, "2013-01"), (4, "2013-02 v2")]
    assert view.settled == {
        ("2013-02", "f"),
        ("2013-01", "f0"),
        ("2013-01", "f1"),
        ("2013-02", "f2"),
        ("2013-02", "f3"),
    }
    assert view.holds("2013-02", "c") == 4
    assert view.holds("2013-02", "b") is None, "an older version is not what the partition holds now"
    assert view.holds("2013-01", "bad") is None, "refused bytes are not held"


def test_where_a_version_comes_from() -> None:
    view = after(
        triggered("monday"), triggered("tuesday"), judged("tuesday"), judged("monday"), registered(1, judged=3)
    )
    assert view.trained_on(1).run == "tuesday"
    assert view.judged(4).run == "monday"
    assert [entry.body.run for entry in view.triggers] == ["monday", "tuesday"]
    assert list(view.versions) == [1]
    with pytest.raises(LedgerError, match="entry 1 is RunTriggered, wanted a CandidateJudged"):
        view.judged(1)
    with pytest.raises(LedgerError, match="entry 99 is NoneType"):
        view.judged(99)
    with pytest.raises(UnknownName, match="no registered version '7'"):
        view.trained_on(7)
    with pytest.raises(LedgerError, match="run 'lost', of which the ledger has no RunTriggered"):
        after(judged("lost"), registered(1, judged=1)).trained_on(1)


@pytest.mark.parametrize(
    ("body", "error", "match"),
    [
        (promoted(9, 2), UnknownName, "no registered version '9'"),
        (started(9), UnknownName, "no registered version '9'"),
        (promoted(3, 1), StaleHead, "version 3 was to replace 1, but the champion is 2"),
        (promoted(3), StaleHead, "version 3 was to replace no champion, but the champion is 2"),
        (promoted(2, 2), LedgerError, "version 2 is the champion already"),
        (rolled_back(1, 3), StaleHead, "version 1 was to replace 3, but the champion is 2"),
        (rolled_back(3, 2), LedgerError, "version 3 was never the champion"),
        (registered(1), LedgerError, "version 1 is registered already"),
    ],
)
def test_what_cannot_be_decided(body: Body, error: type[EverfitError], match: str) -> None:
    with pytest.raises(error, match=match):
        after(registered(1), registered(2), promoted(1), promoted(2, 1), registered(3), body)


VERSION = st.integers(1, 5)
DECISION = st.one_of(
    VERSION.map(registered),
    VERSION.map(started),
    st.builds(DeploymentFailed, VERSION, st.just("why")),
    st.builds(promoted, VERSION, st.none() | VERSION),
    st.builds(rolled_back, VERSION, VERSION),
)


@given(st.lists(DECISION, max_size=60))
@settings(max_examples=300, deadline=None)
def test_there_is_always_one_champion_at_most_and_it_is_registered(decisions: list[Body]) -> None:
    ledger = Ledger("m", MemoryStore(), TickingClock())
    for number, body in enumerate(decisions):
        before = ledger.view()
        try:
            ledger.append(str(number), put_right(body, before.champion) if number % 2 else body)
        except (LedgerError, UnknownName):
            assert ledger.view() == before
        hold(before, ledger.view())
    assert ledger.verify() == len(ledger.entries())


def put_right(body: Body, champion: int | None) -> Body:
    """Most decisions would be refused for naming the wrong champion; with the right one more of them go through."""
    match body:
        case Promoted(version=version):
            return promoted(version, champion)
        case RolledBack(version=version):
            return rolled_back(version, champion or 0)
        case _:
            return body


def hold(before: View, view: View) -> None:
    last = view.entries[-1].body if view.entries else None
    assert {view.champion, view.previous, view.challenger} - {None} <= set(view.versions)
    assert view.champion is None or view.champion not in {view.previous, view.challenger}
    if isinstance(last, (Promoted, RolledBack)):
        assert view.champion == last.version
    elif not isinstance(last, ModelRegistered):
        assert view.champion == before.champion
    if isinstance(last, RolledBack):
        assert last.undone not in {view.champion, view.previous}
    if before.champion is not None:
        assert view.champion is not None
