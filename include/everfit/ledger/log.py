"""The log itself: `ledger/<model>/00000042.json`, one file per decision, each naming the one before it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import ChainBroken, StaleHead, Unreachable
from everfit.ledger.entries import AttemptOpened, Body
from everfit.ledger.entry import Entry, decode, encode
from everfit.ledger.fence import Fence, check_not_overtaken
from everfit.ledger.laws import check
from everfit.ledger.pack import Pack
from everfit.ledger.probe import probe
from everfit.ledger.view import View

if TYPE_CHECKING:
    from everfit.ports import Clock, Store

__all__ = ["Entry", "Ledger"]

_READERS = 8
_SINGLY = 4
"""So many new entries are read one after the other, as there are seldom more; then `_READERS` at a time."""


class Ledger:
    """The decisions of one model, in order, for good.

    One primitive of the store carries it all: create-if-absent. Two writers that want to be entry 43 both try to create
    `00000043.json`; one of them does, the other one reads what it lost to and thinks again. Every error that leaves
    here is a `LedgerError` or `Unreachable`. An object is for one thread; any number of objects share a ledger.
    `cache` is a folder of this machine where it keeps what it has read (see `Pack`), so that only new entries are read
    from the store by whoever opens the ledger next.

    >>> from everfit.testing.fakes import MemoryStore, frozen_clock
    >>> ledger = Ledger("flight_delays", MemoryStore(), frozen_clock())
    >>> fence = ledger.open("deploy:7", "try-1")
    >>> [(entry.seq, entry.kind, entry.key) for entry in ledger.entries()]
    [(1, 'attempt_opened', 'open:deploy:7:try-1')]
    """

    def __init__(self, model: str, store: Store, clock: Clock, cache: Path | None = None) -> None:
        self.model, self.store, self.clock = model, store, clock
        self._pack = Pack(cache, store.url, f"ledger/{model}") if cache else None
        self._view = View(())

    def entries(self) -> tuple[Entry, ...]:
        """Every entry up to now; only new ones are read. Raises `ChainBroken` for one that is not what it should be."""
        return self.view().entries

    def view(self) -> View:
        """What the entries up to now amount to."""
        if not self._view.entries and not self._unpack():
            self._take(self._everything())
        self._read_on()
        return self._view

    def decide(self, key: str, make: Callable[[View], Body], fence: Fence | None = None) -> Entry:
        """Append what `make` makes of the newest view, exactly once for this `key`.

        If the key is claimed already, its entry is returned and `make` is not asked: a retry changes nothing. `make` is
        asked again whenever somebody else appended first, so it must have no effect of its own; what it raises ends
        the decision. Raises `FencedOut` if `fence` no longer stands, and `LedgerError` or `StaleHead` for a body that
        contradicts the view (see `laws`).
        """
        while True:
            view = self.view()
            if not view.entries:
                probe(self.store)  # the first decision of a model is where a store that lies would begin to cost
            if fence:
                fence.check(view)
            if claimed := view.claimed(key):
                return claimed
            body = make(view)
            check(body, view)
            seq = len(view.entries) + 1
            data = encode(seq, view.head, self.clock(), key, body, fence)
            if self._create(self._name(seq), data):
                return self.entries()[seq - 1]
            if len(self.entries()) < seq:
                raise Unreachable(f"{self._name(seq)} is taken, says the store, yet is not there to read; try again")

    def append(self, key: str, body: Body, *, on: str | None = None, fence: Fence | None = None) -> Entry:
        """Append `body`, exactly once for this `key`; with `on`, only on top of the entry with that SHA-256.

        `on` is compare-and-swap: `StaleHead` is raised if the ledger has moved on since `on` was its head.
        """

        def make(view: View) -> Body:
            if on is not None and view.head != on:
                raise StaleHead(
                    f"{key} was decided on the ledger of {self.model} as of entry {on[:12] or '(none)'}, but its head "
                    f"is now {view.head[:12] or '(none)'} (entry {len(view.entries)}); read again and decide again"
                )
            return body

        return self.decide(key, make, fence)

    def open(self, work: str, attempt: str) -> Fence:
        """Take over `work` for `attempt`: what earlier attempts still try to append with their fence is refused.

        Opening the same attempt again gives the same fence; `FencedOut` if a newer attempt has taken over already, or
        a later try of the same (`...#2` for `...#1`).
        """

        def take_over(view: View) -> AttemptOpened:
            check_not_overtaken(view, work, attempt)
            return AttemptOpened(work, attempt)

        entry = self.decide(f"open:{work}:{attempt}", take_over)
        fence = Fence(work, attempt, entry.seq)
        fence.check(self._view)
        return fence

    def verify(self) -> int:
        """Read every entry anew and check it; returns how many there are, raises `ChainBroken` with the file's name.

        What no log can see by itself is that its newest entries were cut off without a trace: keep the head
        (`view().head`) somewhere else to know that.
        """
        return len(Ledger(self.model, self.store, self.clock).entries())

    def _create(self, name: str, data: bytes) -> bool:
        """Create the file; a win whose answer got lost on the way still counts: then the bytes there are our own."""
        try:
            won = self.store.create(name, data)
        except Unreachable:
            if self._is(name, data):
                return True
            raise
        return won or self._is(name, data)

    def _is(self, name: str, data: bytes) -> bool:
        try:
            return self.store.read(name) == data
        except FileNotFoundError:
            return False

    def _unpack(self) -> bool:
        """Begin with what the pack knows, if its last entry, which the others are chained to, is the store's."""
        entries, last = self._pack.entries() if self._pack else ((), b"")
        if self._pack and entries and self._read(len(entries)) != last:
            self._pack.forget()
            return False
        self._view = View(entries)
        return bool(entries)

    def _everything(self) -> list[bytes]:
        folder = f"ledger/{self.model}"
        pattern = re.compile(rf"{re.escape(folder)}/(\d{{8}})\.json")
        there = {int(match[1]) for name in self.store.list(folder) if (match := pattern.fullmatch(name))}
        with ThreadPoolExecutor(_READERS) as pool:
            return self._whole(1, list(pool.map(self._read, range(1, max(there, default=0) + 1))))

    def _read_on(self) -> None:
        """Read what follows, until nothing does."""
        for _ in range(_SINGLY):
            if (data := self._read(len(self._view.entries) + 1)) is None:
                return
            self._take([data])
        with ThreadPoolExecutor(_READERS) as pool:
            some = [b""] * _READERS
            while some:
                first = len(self._view.entries) + 1
                some = self._whole(first, list(pool.map(self._read, range(first, first + _READERS))))
                self._take(some)

    def _whole(self, first: int, found: list[bytes | None]) -> list[bytes]:
        """The entries from `first` on up to the last one that is there.

        Entries come in order, so one that was not there a moment ago is there once a later one is.
        """
        last = max((place for place, data in enumerate(found) if data is not None), default=-1)
        whole = []
        for seq, data in enumerate(found[: last + 1], first):
            there = self._read(seq) if data is None else data
            if there is None:
                raise ChainBroken(f"{self._name(seq)} is missing, yet later entries are there; restore it")
            whole.append(there)
        return whole

    def _read(self, seq: int) -> bytes | None:
        try:
            return self.store.read(self._name(seq))
        except FileNotFoundError:
            return None

    def _take(self, new: list[bytes]) -> None:
        """Check the entries that follow, then know them."""
        entries: list[Entry] = []
        for seq, data in enumerate(new, len(self._view.entries) + 1):
            entries.append(self._checked(data, seq, entries[-1].sha256 if entries else self._view.head))
        if self._pack and new:
            self._pack.add(new)
        self._view = self._view.after(entries)

    def _checked(self, data: bytes, seq: int, last: str) -> Entry:
        name = self._name(seq)
        entry = decode(data, name)
        if entry.seq != seq:
            raise ChainBroken(f"{name} holds entry {entry.seq}, wanted entry {seq}; restore it from a backup")
        if entry.prev != last:
            before = self._name(seq - 1) if seq > 1 else "nothing"
            raise ChainBroken(
                f"{name} follows an entry {entry.prev[:12]!r}, but before it is {before} with {last[:12]!r}; "
                "one of the two was changed: restore it from a backup"
            )
        return entry

    def _name(self, seq: int) -> str:
        return f"ledger/{self.model}/{seq:08d}.json"
