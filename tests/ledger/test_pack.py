"""What a machine keeps of a ledger saves time and is never believed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from everfit.errors import ChainBroken, LedgerError
from everfit.ledger import Entry, Fence, Ledger
from everfit.ledger.entries import BaselineChanged, BatchScored, RunTriggered
from everfit.ledger.entry import KINDS, decode, encode, skim
from everfit.stores import LocalStore
from everfit.testing.fakes import MemoryStore, TickingClock
from everfit.values import StoredFile, canonical, digest
from tests.ledger.bodies import accepted, note, promoted, registered

COUNT = 6
WITH_MAPPINGS = {
    BaselineChanged: st.builds(BaselineChanged, suites=st.dictionaries(st.text(), st.text())),
    BatchScored: st.builds(BatchScored, shadows=st.dictionaries(st.integers(0), st.from_type(StoredFile))),
    RunTriggered: st.builds(RunTriggered, recipe=st.dictionaries(st.text(), st.text())),
}


class Counting(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []

    def read(self, key: str) -> bytes:
        self.reads.append(key[-13:])
        return super().read(key)


def name(seq: int) -> str:
    return f"ledger/m/{seq:08d}.json"


@pytest.fixture(scope="module")
def known() -> MemoryStore:
    store = MemoryStore()
    for number in range(COUNT):
        Ledger("m", store, TickingClock()).append(f'key "{number}"', note(f"because {number}\n"))
    return store


def opened(store: Any, cache: Path) -> Ledger:
    return Ledger("m", store, TickingClock(), cache)


def packed(cache: Path) -> Path:
    (file,) = cache.glob("m-*.jsonl")
    return file


def whole(store: MemoryStore) -> bytes:
    return b"".join(store.data[key] + b"\n" for key in store.list("ledger/m"))


def copy(store: MemoryStore, kind: type[MemoryStore] = MemoryStore) -> Any:
    other = kind()
    other.data = dict(store.data)
    return other


@given(st.data(), st.sampled_from(sorted(KINDS)), st.text(), st.none() | st.from_type(Fence))
@settings(deadline=None, max_examples=150)
def test_skimming_is_decoding(data: st.DataObject, kind: str, key: str, fence: Fence | None) -> None:
    body = data.draw(WITH_MAPPINGS.get(KINDS[kind], st.from_type(KINDS[kind])))
    try:
        said = encode(7, "0" * 64, datetime(2013, 1, 1, tzinfo=UTC), key, body, fence)
    except LedgerError:
        reject()  # a number that no ledger takes
    quick, slow = skim(said, "x"), decode(said, "x")
    assert quick is not None
    assert "body" not in vars(quick)
    assert quick == slow
    assert (repr(quick), hash(quick.at)) == (repr(slow), hash(slow.at))


def test_an_unread_entry_is_an_entry() -> None:
    at = datetime(2013, 1, 1, tzinfo=UTC)
    said = encode(1, "", at, "k", accepted("2013-01", "a"))
    entry = skim(said, "x")
    assert entry is not None
    assert (entry.mentions("2013-01"), entry.mentions("2013-02"), "body" in vars(entry)) == (True, False, False)
    assert replace(entry, key="other").body == accepted("2013-01", "a")
    assert (entry.at, entry.fence) == (at, None)
    with pytest.raises(AttributeError, match="no attribute 'bodies'"):
        entry.bodies  # noqa: B018


@pytest.mark.parametrize("body", [{}, {"version": "one", "decision": 1}])
def test_a_body_of_another_time_says_so_when_it_is_read(body: dict[str, Any]) -> None:
    said = {"seq": 1, "prev": "", "at": "2013-01-01T00:00:00+00:00", "kind": "deployed", "key": "k", "body": body}
    entry = skim(canonical(said | {"sum": digest(said)}), name(1))
    assert entry is not None
    with pytest.raises(LedgerError, match=r"00000001.json does not hold what a deployed holds: .*use a newer everfit"):
        entry.body  # noqa: B018


def test_only_the_head_and_what_is_new_are_read_again(known: MemoryStore, tmp_path: Path) -> None:
    store = copy(known, Counting)
    first = opened(store, tmp_path).entries()
    store.reads.clear()
    assert opened(store, tmp_path).entries() == first
    assert store.reads == ["00000006.json", "00000007.json"]
    opened(store, tmp_path).append("more", note("new"))
    store.reads.clear()
    ledger = opened(store, tmp_path)
    assert ledger.view().claimed("more") is not None
    assert store.reads == ["00000007.json", "00000008.json"]
    assert packed(tmp_path).read_bytes() == whole(store)
    assert [entry.seq for entry in ledger.entries() if "body" in vars(entry)] == []


def test_many_new_entries_are_read_at_once(known: MemoryStore, tmp_path: Path) -> None:
    store = copy(known, Counting)
    opened(store, tmp_path).entries()
    writer = Ledger("m", store, TickingClock())
    for number in range(30):
        writer.append(f"later {number}", note(""))
    assert len(opened(store, tmp_path).entries()) == COUNT + 30
    assert packed(tmp_path).read_bytes() == whole(store)
    del store.data[name(COUNT + 20)]
    packed(tmp_path).write_bytes(b"".join(whole(known).splitlines(keepends=True)))
    with pytest.raises(ChainBroken, match=f"{name(COUNT + 20)} is missing"):
        opened(store, tmp_path).entries()


def test_an_entry_that_appears_while_later_ones_are_read_is_not_missing(known: MemoryStore) -> None:
    class Slow(MemoryStore):
        late: ClassVar[set[str]] = set()

        def read(self, key: str) -> bytes:
            if key in self.late:
                self.late.remove(key)
                raise FileNotFoundError(key)
            return super().read(key)

        def list(self, prefix: str) -> list[str]:
            return [] if prefix.startswith("ledger") else super().list(prefix)

    store = copy(known, Slow)
    for number in range(6):
        Ledger("m", store, TickingClock()).append(f"later {number}", note(""))
    store.late = {name(7)}
    assert len(Ledger("m", store, TickingClock()).entries()) == COUNT + 6
    assert not store.late


@given(st.integers(0), st.integers(1, 255))
@settings(max_examples=100, deadline=None)
def test_a_changed_byte_in_the_pack_changes_nothing(known: MemoryStore, place: int, flip: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wanted = opened(known, Path(folder)).entries()
        data = bytearray(packed(Path(folder)).read_bytes())
        data[place % len(data)] ^= flip
        packed(Path(folder)).write_bytes(data)
        found = opened(known, Path(folder)).entries()
        assert found == wanted
        assert packed(Path(folder)).read_bytes() == whole(known)


def test_a_pack_cut_short_anywhere_changes_nothing(known: MemoryStore, tmp_path: Path) -> None:
    wanted = opened(known, tmp_path).entries()
    file = packed(tmp_path)
    for size in range(0, len(whole(known)), 7):
        file.write_bytes(whole(known)[:size])
        assert opened(known, tmp_path).entries() == wanted
        assert file.read_bytes() == whole(known)


def test_a_forged_pack_is_not_believed(known: MemoryStore, tmp_path: Path) -> None:
    """Every sum and the whole chain are right, but the store's head is another."""
    forger = MemoryStore()
    for number in range(COUNT):
        Ledger("m", forger, TickingClock()).append(f"key {number}", note("forged"))
    wanted = opened(known, tmp_path).entries()
    packed(tmp_path).write_bytes(whole(forger))
    assert opened(known, tmp_path).entries() == wanted
    assert packed(tmp_path).read_bytes() == whole(known)


@pytest.mark.parametrize("count", [1, COUNT + 5])
def test_a_store_that_was_begun_anew_is_read_anew(known: MemoryStore, tmp_path: Path, count: int) -> None:
    opened(known, tmp_path).entries()
    anew = MemoryStore()
    for number in range(count):
        Ledger("m", anew, TickingClock()).append(f"anew {number}", note(""))
    assert [entry.key for entry in opened(anew, tmp_path).entries()] == [f"anew {n}" for n in range(count)]
    assert len(opened(anew, tmp_path).entries()) == count
    assert opened(MemoryStore(), tmp_path).entries() == ()


def test_models_and_stores_have_packs_of_their_own(tmp_path: Path) -> None:
    for store in ("one", "two"):
        for model in ("m", "n"):
            ledger = Ledger(model, LocalStore(tmp_path / store), TickingClock(), tmp_path / "cache")
            ledger.append("k", note(f"{store} {model}"))
    assert len(list((tmp_path / "cache").iterdir())) == 4
    again = Ledger("n", LocalStore(tmp_path / "one"), TickingClock(), tmp_path / "cache")
    assert [entry.body for entry in again.entries()] == [note("one n")]


def test_tampering_with_an_entry_that_is_packed_is_found(known: MemoryStore, tmp_path: Path) -> None:
    """`verify` reads the store, not the pack; the newest entry is compared at every opening."""
    store = copy(known)
    opened(store, tmp_path).entries()
    said = json.loads(store.data[name(3)])
    del said["sum"]
    said["body"]["reason"] = "another reason"
    store.data[name(3)] = canonical(said | {"sum": digest(said)})
    with pytest.raises(ChainBroken, match=rf"{name(4)} follows an entry .* but before it is {name(3)}"):
        opened(store, tmp_path).verify()
    store.data[name(COUNT)] = known.data[name(COUNT)].replace(b"because", b"becausE")
    with pytest.raises(ChainBroken, match=f"{name(4)}|{name(COUNT)}"):
        opened(store, tmp_path).entries()


def test_a_folder_that_cannot_be_used_costs_time_only(known: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = copy(known)
    assert opened(store, tmp_path / "file").append("k", note("")).seq == COUNT + 1
    opened(store, tmp_path / "cache").entries()
    packed(tmp_path / "cache").unlink()
    (tmp_path / "cache" / packed_name(store, tmp_path)).mkdir()
    assert len(opened(store, tmp_path / "cache").entries()) == COUNT + 1


def packed_name(store: MemoryStore, tmp_path: Path) -> str:
    opened(store, tmp_path / "other").entries()
    return packed(tmp_path / "other").name


def test_laws_hold_on_what_was_packed(tmp_path: Path) -> None:
    store = MemoryStore()
    opened(store, tmp_path).append("r", registered(1))
    opened(store, tmp_path).append("p", promoted(1))
    assert opened(store, tmp_path).view().champion == 1
    with pytest.raises(LedgerError, match="registered already"):
        opened(store, tmp_path).append("again", registered(1))
    fence = opened(store, tmp_path).open("work", "try 1")
    opened(store, tmp_path).open("work", "try 2")
    with pytest.raises(LedgerError, match="was replaced by attempt 'try 2'"):
        opened(store, tmp_path).append("k", note(""), fence=fence)


def start(what: str, store: LocalStore, who: str, *more: str, cache: Path, stdout: Any) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("writer.py")), what, store.url, who, *more]
    env = {**os.environ, "PACK": str(cache)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, text=True, env=env)


def lines(store: LocalStore) -> bytes:
    return b"".join(store.read(key) + b"\n" for key in store.list("ledger/m"))


def test_many_processes_share_a_pack(store: LocalStore, tmp_path: Path) -> None:
    racers = [start("race", store, f"p{n}", "15", cache=tmp_path / "c", stdout=subprocess.PIPE) for n in range(6)]
    for racer in racers:
        racer.communicate("go\n", timeout=120)
    assert [racer.returncode for racer in racers] == [0] * 6
    entries = opened(store, tmp_path / "c").entries()
    assert len(entries) == 15 + 6 * 15
    assert packed(tmp_path / "c").read_bytes() == lines(store)
    assert entries == Ledger("m", store, TickingClock()).entries()


def test_a_process_killed_while_it_packs_leaves_a_pack_that_can_be_used(store: LocalStore, tmp_path: Path) -> None:
    moments, cache, said = random.Random(1), tmp_path / "c", tmp_path / "said"
    for life in range(6):
        before = said.stat().st_size if life else 0
        with said.open("a") as file:
            writers = [start("endless", store, f"w{life}-{n}", cache=cache, stdout=file) for n in range(2)]
        while said.stat().st_size == before:
            time.sleep(0.005)
        time.sleep(moments.random() * 0.1)
        for writer in writers:
            writer.kill()
            assert writer.wait(60) == -signal.SIGKILL
        entries: tuple[Entry, ...] = opened(store, cache).entries()
        assert entries == Ledger("m", store, TickingClock()).entries()
        assert packed(cache).read_bytes() == lines(store)
    assert len(entries) > 12
