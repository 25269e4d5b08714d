"""Optuna's journal, kept in everfit's store: `studies/<model>/<run>/journal/00000042.json`, one file per append."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from everfit.values import canonical

if TYPE_CHECKING:
    from everfit.ports import Store


@dataclass(eq=False)
class StoreJournal:
    """What Optuna's `JournalStorage` asks of a backend, with the one primitive that the ledger stands on, too.

    Whoever creates the file with the next number has appended; the loser reads what it lost to and takes the number
    after it. So workers on any machine share a study, nothing of it is lost when one of them dies, and no database is
    needed. An object is for one thread.

    >>> from everfit.testing.fakes import MemoryStore
    >>> store = MemoryStore()
    >>> one, other = StoreJournal(store, "studies/m/r"), StoreJournal(store, "studies/m/r")
    >>> one.append_logs([{"op": 1}]); other.append_logs([{"op": 2}])
    >>> list(one.read_logs(0))
    [{'op': 1}, {'op': 2}]
    """

    store: Store
    folder: str
    _files: int = 0
    _logs: list[Mapping[str, Any]] = field(default_factory=list)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append the logs, all of them side by side, and once.

        A store whose answer was lost, and which was asked again, says that the file is there already. Optuna puts a
        name of its own on the logs of each process, so that nobody else's can be the same.
        """
        data = canonical(logs)
        while not (self.store.create(self._next, data) or self.store.read(self._next) == data):
            self._read_on()
        self._take(data)  # what was written need not be read

    def read_logs(self, log_number_from: int) -> Iterable[Mapping[str, Any]]:
        """All logs from that number on."""
        self._read_on()
        return self._logs[log_number_from:]

    def _read_on(self) -> None:
        while True:
            try:
                data = self.store.read(self._next)
            except FileNotFoundError:
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        self._logs += json.loads(data)
        self._files += 1

    @property
    def _next(self) -> str:
        return f"{self.folder}/{self._files + 1:08d}.json"
