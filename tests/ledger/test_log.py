from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import FencedOut, LedgerError, StaleHead, Unreachable
from everfit.ledger import Ledger, View
from everfit.ledger.entries import Body
from everfit.stores import LocalStore, open_store
from everfit.testing.fakes import MemoryStore, TickingClock, frozen_clock
from everfit.values import canonical, digest
from tests.ledger.bodies import accepted, judged, note, promoted, refused, registered, triggered


def test_the_bytes_of_an_entry(ledger: Ledger, store: LocalStore) -> None:
    """Pinned: a ledger is kept for years, and its hashes must come out the same."""
    ledger.append("deployment:1", note("why"))
    ledger.open("work", "try 1")
    said = {
        "at": "2013-01-01T00:00:01+00:00",
        "body": {"by": "", "evidence": None, "reason": "why", "version": 0},
        "key": "deployment:1",
        "kind": "deployment_failed",
        "prev": "",
        "seq": 1,
    }
    first = store.read("ledger/m/00000001.json")
    assert first == canonical(said | {"sum": digest(said)})
    second = json.loads(store.read("ledger/m/00000002.json"))
    assert second["prev"] == hashlib.sha256(first).hexdigest() == ledger.entries()[0].sha256
    assert store.list("ledger") == ["ledger/m/00000001.json", "ledger/m/00000002.json"]


def test_every_kind_comes_back_as_it_went(ledger: Ledger, store: LocalStore) -> None:
    bodies: list[Body] = [
        accepted("2013-01", "a"),
        refused("2013-02", "b"),
        triggered("r"),
        judged("r"),
        registered(1),
        promoted(1),
    ]
    written = [ledger.append(f"key {n}", body) for n, body in enumerate(bodies)]
    read = Ledger("m", store, TickingClock()).entries()
    assert list(read) == written
    assert [entry.body for entry in read] == bodies
    assert read[0].at == datetime(2013, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_a_fence_is_written_down(ledger: Ledger, store: LocalStore) -> None:
    fence = ledger.open("work", "try 1")
    ledger.append("k", note(""), fence=fence)
    assert Ledger("m", store, TickingClock()).entries()[1].fence == fence


def test_a_key_is_claimed_once(ledger: Ledger) -> None:
    first = ledger.append("k", note("first"))
    asked: list[View] = []

    def make(view: View) -> Any:
        asked.append(view)
        return note("second")

    assert ledger.decide("k", make) == first
    assert ledger.append("k", note("third"), on="long gone") == first
    assert not asked
    assert ledger.view().claimed("k") == first
    assert ledger.view().claimed("other") is None


def test_make_sees_the_head_and_may_refuse(ledger: Ledger, store: LocalStore) -> None:
    other = Ledger("m", store, TickingClock())
    head = ledger.append("a", note("")).sha256
    heads: list[str] = []

    def make(view: View) -> Any:
        heads.append(view.head)
        if len(heads) == 1:
            other.append("quicker", note(""))
        return note("mine")

    entry = ledger.decide("b", make)
    quicker = other.entries()[1].sha256
    assert (entry.seq, entry.prev) == (3, quicker)
    assert heads == [head, quicker]

    def refuse(_: View) -> Any:
        raise StaleHead("not on this champion")

    with pytest.raises(StaleHead, match="not on this champion"):
        ledger.decide("c", refuse)
    assert len(other.entries()) == 3


def test_compare_and_swap(ledger: Ledger, store: LocalStore) -> None:
    first = ledger.append("a", note(""), on="")
    Ledger("m", store, TickingClock()).append("b", note(""), on=first.sha256)
    with pytest.raises(StaleHead, match=r"c was decided .* of m as of entry .* its head is now .* \(entry 2\)"):
        ledger.append("c", note(""), on=first.sha256)
    assert len(ledger.entries()) == 2


def test_only_new_entries_are_read(ledger: Ledger, store: LocalStore) -> None:
    for number in range(5):
        ledger.append(str(number), note(""))

    class Counting(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.reads: list[str] = []

        def read(self, key: str) -> bytes:
            self.reads.append(key)
            return store.read(key)

        def list(self, prefix: str) -> list[str]:
            return store.list(prefix)

    counting = Counting()
    reader = Ledger("m", counting, TickingClock())
    assert len(reader.entries()) == 5
    counting.reads.clear()
    ledger.append("more", note(""))
    assert len(reader.entries()) == 6
    assert counting.reads == ["ledger/m/00000006.json", "ledger/m/00000007.json"]


def test_models_do_not_mix(store: LocalStore) -> None:
    one, other = Ledger("m", store, TickingClock()), Ledger("m2", store, TickingClock())
    one.append("k", note("one"))
    assert other.entries() == ()
    assert other.append("k", note("other")).seq == 1


def test_files_that_are_no_entries_are_not_read(ledger: Ledger, store: LocalStore) -> None:
    ledger.append("k", note(""))
    store.write("ledger/m/00000001.json.bak", b"an editor's copy")
    assert Ledger("m", store, TickingClock()).verify() == 1


def test_no_number_that_json_has_not(ledger: Ledger) -> None:
    ledger.append("r", registered(1))
    with pytest.raises(LedgerError, match=r"k cannot be written down.*finite numbers only"):
        ledger.append("k", replace(promoted(1), largest_difference=math.nan))
    assert len(ledger.entries()) == 1


@pytest.mark.parametrize("remote", [False, True], ids=["local", "s3"])
def test_a_whole_life(remote: bool, s3: dict[str, Any], bucket: Callable[[], str], tmp_path: Path) -> None:
    store = open_store(bucket() if remote else str(tmp_path / "store"), **s3)
    ledger = Ledger("m", store, TickingClock())
    fence = ledger.open("deploy:1", "try 1")
    ledger.append("registered:1", registered(1))
    ledger.append("promoted:1", promoted(1), on=ledger.view().head, fence=fence)
    again = Ledger("m", store, TickingClock())
    assert (again.verify(), again.view().champion) == (3, 1)


def test_an_unknown_kind_asks_for_a_newer_everfit(ledger: Ledger, store: LocalStore) -> None:
    said = {"seq": 1, "prev": "", "at": "2013-01-01T00:00:00+00:00", "kind": "recalled", "key": "k", "body": {}}
    store.write("ledger/m/00000001.json", canonical(said | {"sum": digest(said)}))
    with pytest.raises(LedgerError, match=r"00000001.json is of kind 'recalled'.*batch_accepted.*use a newer everfit"):
        ledger.entries()


def test_a_body_of_another_time_says_so(ledger: Ledger, store: LocalStore) -> None:
    said = {"seq": 1, "prev": "", "at": "2013-01-01T00:00:00+00:00", "kind": "deployed", "key": "k", "body": {}}
    store.write("ledger/m/00000001.json", canonical(said | {"sum": digest(said)}))
    with pytest.raises(
        LedgerError,
        match=r"00000001.json does not hold what a deployed holds.*: Field required, decision: Field required; use",
    ):
        ledger.entries()


class Flaky(MemoryStore):
    """Writes, then loses the answer (`after`), or loses the request (`before`)."""

    lose = ""

    def create(self, key: str, data: bytes) -> bool:
        if not key.startswith("ledger/"):
            return super().create(key, data)  # the probe before the first entry gets its answers
        if self.lose == "before":
            raise Unreachable("no answer")
        created = super().create(key, data)
        if self.lose == "after":
            raise Unreachable("no answer")
        return created


def test_an_answer_that_was_lost() -> None:
    store = Flaky()
    ledger = Ledger("m", store, TickingClock())
    store.lose = "after"
    assert ledger.append("k", note("")).seq == 1
    store.lose = "before"
    with pytest.raises(Unreachable, match="no answer"):
        ledger.append("k2", note(""))
    store.lose = ""
    assert ledger.append("k2", note("")).seq == 2
    assert ledger.verify() == 2


def test_a_loser_whose_answer_was_lost_did_not_win() -> None:
    store = Flaky()
    ledger, other = Ledger("m", store, frozen_clock()), Ledger("m", store, frozen_clock())

    def make(_: View) -> Any:
        store.lose = ""
        there = store.list("ledger")
        other.append(f"theirs {len(there)}", note("")) if len(there) < 2 else None
        store.lose = "after"
        return note("mine")

    with pytest.raises(Unreachable, match="no answer"):
        ledger.decide("mine", make)
    assert [entry.key for entry in other.entries()] == ["theirs 0"]


def test_a_store_that_says_taken_and_shows_nothing() -> None:
    class Liar(MemoryStore):
        def create(self, key: str, data: bytes) -> bool:
            return not key.startswith("ledger/") and super().create(key, data)

    with pytest.raises(Unreachable, match=r"00000001\.json is taken, says the store, yet is not there"):
        Ledger("m", Liar(), TickingClock()).append("k", note(""))


def test_an_attempt_that_opens_after_its_own_retry_comes_too_late(ledger: Ledger) -> None:
    ledger.open("deploy:7", "dag/run/deploy[-1]#2")
    with pytest.raises(FencedOut, match=r"#1' of 'deploy:7' comes too late: its retry .*#2' took over in entry 1"):
        ledger.open("deploy:7", "dag/run/deploy[-1]#1")
    ledger.open("deploy:8", "dag/run/deploy[-1]#1")
    ledger.open("deploy:7", "dag/another run/deploy[-1]#1")
    ledger.open("deploy:7", "dag/another run/deploy[-1]#10")
    assert len(ledger.entries()) == 4
