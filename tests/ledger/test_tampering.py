from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import ChainBroken
from everfit.ledger import Ledger
from everfit.testing.fakes import MemoryStore, TickingClock
from everfit.values import canonical, digest
from tests.ledger.bodies import note

COUNT = 5


def name(seq: int) -> str:
    return f"ledger/m/{seq:08d}.json"


def written() -> MemoryStore:
    store = MemoryStore()
    ledger = Ledger("m", store, TickingClock())
    for number in range(COUNT):
        ledger.append(f"key {number}", note(f"because {number}"))
    assert ledger.verify() == COUNT
    return store


INTACT = written().data


def copy() -> tuple[MemoryStore, Ledger]:
    store = MemoryStore()
    store.data = dict(INTACT)
    return store, Ledger("m", store, TickingClock())


@given(st.integers(1, COUNT), st.integers(0), st.integers(1, 255))
@settings(max_examples=200, deadline=None)
def test_any_flipped_byte_is_found_where_it_is(seq: int, place: int, flip: int) -> None:
    store, ledger = copy()
    data = bytearray(store.data[name(seq)])
    data[place % len(data)] ^= flip
    store.data[name(seq)] = bytes(data)
    with pytest.raises(ChainBroken, match=name(seq)):
        ledger.verify()


@given(st.integers(1, COUNT - 1))
@settings(deadline=None)
def test_a_deleted_entry_is_found(seq: int) -> None:
    store, ledger = copy()
    del store.data[name(seq)]
    with pytest.raises(ChainBroken, match=f"{name(seq)} is missing"):
        ledger.verify()


@given(st.permutations(range(1, COUNT + 1)).filter(lambda order: order != sorted(order)))
@settings(deadline=None)
def test_swapped_entries_are_found(order: list[int]) -> None:
    store, ledger = copy()
    for place, seq in enumerate(order, 1):
        store.data[name(place)] = INTACT[name(seq)]
    first = next(place for place, seq in enumerate(order, 1) if place != seq)
    with pytest.raises(ChainBroken, match=rf"{name(first)} holds entry {order[first - 1]}, wanted entry {first}"):
        ledger.verify()


def test_a_forgery_with_a_good_sum_breaks_the_chain_behind_it() -> None:
    store, ledger = copy()
    said = json.loads(store.data[name(2)])
    del said["sum"]
    said["body"]["reason"] = "another reason"
    store.data[name(2)] = canonical(said | {"sum": digest(said)})
    with pytest.raises(ChainBroken, match=rf"{name(3)} follows an entry .* but before it is {name(2)}"):
        ledger.verify()


def test_an_entry_cut_short_is_found() -> None:
    store, ledger = copy()
    for size in (0, 1, 100):
        store.data[name(COUNT)] = INTACT[name(COUNT)][:size]
        with pytest.raises(ChainBroken, match=f"{name(COUNT)} is not an entry"):
            ledger.verify()


def test_nothing_is_decided_on_a_broken_chain() -> None:
    store, ledger = copy()
    store.data[name(3)] = INTACT[name(3)].replace(b"because", b"becausE")
    with pytest.raises(ChainBroken, match=name(3)):
        ledger.append("more", note(""))
    assert len(store.list("ledger")) == COUNT


def test_verify_does_not_trust_what_was_read_before() -> None:
    store, ledger = copy()
    assert len(ledger.entries()) == COUNT
    store.data[name(1)] = b"{}"
    assert len(ledger.entries()) == COUNT
    with pytest.raises(ChainBroken, match=name(1)):
        ledger.verify()


def test_any_other_bytes_are_no_entry(tmp_path: Path) -> None:
    store, ledger = copy()
    for data in (b"[]", b"null", b"\xff", b'{"sum": 1}', b"7"):
        store.data[name(1)] = data
        with pytest.raises(ChainBroken, match=name(1)):
            ledger.verify()
