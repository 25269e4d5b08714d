"""Which versions a recall touches: equal to brute force over everything that they learnt from or were judged on."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from everfit.errors import Recalled
from everfit.ledger import Ledger, View
from everfit.ledger.entries import BatchAccepted, BatchRecalled, RowsErased, RunTriggered
from everfit.testing.fakes import MemoryStore, TickingClock
from everfit.values import Batch
from tests.ledger.bodies import accepted, judged, promoted, registered, rolled_back, started, triggered

MODELS, SPANS = 20, 50


def learnt(run: str, *batches: Batch) -> RunTriggered:
    return replace(triggered(run), batches=batches)


class Life:
    """A model that a random year happens to, and beside it what a list of plain facts says of it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ledger = Ledger(f"m{seed}", MemoryStore(), TickingClock())
        self.versions: dict[int, set[int]] = {}  # version -> entries whose batches are in its snapshot
        self.held: dict[str, list[int]] = {}  # partition -> entries, oldest first
        self.gone: set[int] = set()

    def arrive(self, span: int) -> None:
        partition = f"{span:03}"
        number = len(self.held.get(partition, ())) + 1
        body = accepted(partition, f"{partition}-{number}", number)
        self.held.setdefault(partition, []).append(self.ledger.append(f"arrival:{partition}:{number}", body).seq)

    def train(self) -> None:
        size, version = self.random.randint(1, 8), len(self.versions) + 1
        now = {p: next((s for s in reversed(seqs) if s not in self.gone), None) for p, seqs in self.held.items()}
        window = [now[p] for p in sorted(now) if now[p] is not None]
        end = self.random.randint(min(size, len(window)), len(window))
        seqs = window[max(0, end - size) : end]
        if not seqs:
            return
        batches = [self.body(seq).batch for seq in seqs]
        self.ledger.append(f"run:{version}", learnt(f"r{version}", *batches))
        entry = self.ledger.append(f"judged:{version}", judged(f"r{version}"))
        self.ledger.append(f"registered:{version}", registered(version, entry.seq))
        self.versions[version] = set(seqs)

    def recall(self) -> None:
        left = sorted({seq for seqs in self.held.values() for seq in seqs} - self.gone)
        if not left:
            return
        seqs = tuple(self.random.sample(left, min(len(left), self.random.randint(1, 3))))
        if self.random.random() < 0.3:
            body = RowsErased("t", "c", "s", ("k",), 1, seqs, (0,) * len(seqs), (), "asked", "ann")
            self.ledger.append(f"erased:{seqs}", body)
        else:
            self.ledger.append(f"recall:{seqs}", BatchRecalled("p", seqs, (), "bad", "ann"))
        self.gone |= set(seqs)

    def body(self, seq: int) -> BatchAccepted:
        body = self.ledger.entries()[seq - 1].body
        assert isinstance(body, BatchAccepted)
        return body

    def touched(self) -> set[int]:
        return {version for version, seqs in self.versions.items() if seqs & self.gone}


@pytest.mark.parametrize("seed", range(MODELS))
def test_the_touched_versions_are_those_of_brute_force(seed: int) -> None:
    life = Life(seed)
    recalls = 0
    for span in range(SPANS):
        life.arrive(span)
        if life.random.random() < 0.3:
            life.arrive(life.random.randint(0, span))  # a correction of some month
        if life.random.random() < 0.5:
            life.train()
        if life.random.random() < 0.1:
            before = life.touched()
            view = life.ledger.view()
            life.recall()
            recalls += 1
            assert view.touched == before, "a view is of its moment"
            assert life.ledger.view().touched == life.touched()
    view = life.ledger.view()
    assert recalls
    assert view.touched == life.touched()
    assert view.recalled == life.gone
    newest = {p: next((s for s in reversed(q) if s not in life.gone), None) for p, q in life.held.items()}
    assert [seq for seq, _ in view.batches] == [newest[p] for p in sorted(newest) if newest[p] is not None]
    some = set(life.random.sample(range(1, len(view.entries) + 1), 5)) & {s for q in life.held.values() for s in q}
    assert view.knowing(some) == {v for v, seqs in life.versions.items() if seqs & some}


def reign(*recalled: int) -> Ledger:
    """Versions 1 to 4, of one month each; 1 to 3 were champions. The batches of these versions are recalled."""
    ledger = Ledger("m", MemoryStore(), TickingClock())
    seqs = {}
    for version in (1, 2, 3, 4):
        seqs[version] = ledger.append(f"arrival:{version}", accepted(f"2013-0{version}", f"s{version}")).seq
        ledger.append(f"run:{version}", learnt(f"r{version}", accepted(f"2013-0{version}", f"s{version}").batch))
        entry = ledger.append(f"judged:{version}", judged(f"r{version}"))
        ledger.append(f"registered:{version}", registered(version, entry.seq))
        if version < 4:
            ledger.append(f"promoted:{version}", promoted(version, version - 1 or None))
    for version in recalled:
        ledger.append(f"recall:{version}", BatchRecalled("p", (seqs[version],), (version,), "bad", "ann"))
    return ledger


def roles(view: View) -> tuple[int | None, int | None, int | None]:
    return view.champion, view.previous, view.challenger


def test_a_touched_version_is_neither_gone_back_to_nor_waits() -> None:
    assert roles(reign().view()) == (3, 2, 4)
    assert roles(reign(2).view()) == (3, 1, 4)
    assert roles(reign(2, 4).view()) == (3, 1, None)
    assert roles(reign(1, 2).view()) == (3, None, 4)


@pytest.mark.parametrize("body", [started(4, 3), promoted(4, 3)], ids=["started", "promoted"])
def test_a_touched_version_is_frozen(body: object) -> None:
    with pytest.raises(Recalled, match="version 4 knows data that was recalled; it is never promoted again"):
        reign(4).append("try", body)  # type: ignore[arg-type]


def test_there_is_no_way_back_to_a_touched_version() -> None:
    with pytest.raises(Recalled, match="version 2 knows data that was recalled"):
        reign(2).append("back", rolled_back(2, 3))


def test_the_same_bytes_are_known_again_and_others_are_not() -> None:
    view = reign(2).view()
    (recalled,) = view.of(BatchRecalled)
    assert view.recall_of("2013-02", "s2") == recalled.seq
    assert view.recall_of("2013-02", "other") is None
    assert view.recall_of("2013-03", "s2") is None
    assert view.holds("2013-02", "s2") is None
