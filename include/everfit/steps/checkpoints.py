"""Checkpoints of a training that is under way, in the store, at little cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING

from everfit.errors import Unreachable
from everfit.models import Checkpoints, Kept

if TYPE_CHECKING:
    from everfit.ports import Clock, Progress, Store

FOLDER = "checkpoints"

SHARE = 0.02
"""Of the time that is spent on training, checkpoints may take this much."""

FIRST = 10.0
"""Seconds of training that are cheaper to do again than to keep."""

MOMENT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class StoreCheckpoints:
    """Checkpoints under `folder`, named by their rounds and their moment; `told` hears the key and the rounds of each.

    A try that was given up and still runs can do no harm: the most rounds win, and both tries' states are equal.
    """

    store: Store
    folder: str
    clock: Clock
    told: Callable[[str, int], None] = lambda key, done: None  # noqa: ARG005

    def read(self) -> Iterator[Kept]:
        """All of them, the one after the most rounds first."""
        for key in reversed(self.store.list(self.folder)):
            with suppress(FileNotFoundError):  # the other try has just replaced it
                moment = datetime.strptime(key.rpartition("-")[2], MOMENT).replace(tzinfo=UTC)
                yield Kept(self.store.read(key), moment)

    def keep(self, done: int, state: Callable[[], bytes]) -> None:
        """Write it, and then remove those after fewer rounds."""
        key = f"{self.folder}/{done:08d}-{self.clock():{MOMENT}}"
        self.store.write(key, state())
        for older in self.store.list(self.folder):
            if older < f"{self.folder}/{done:08d}":
                self.store.delete(older)
        self.told(key, done)


@dataclass
class Sparing:
    """Checkpoints that are kept so seldom that it costs next to nothing, and whose loss does not end the training."""

    inner: Checkpoints
    progress: Progress
    seconds: Callable[[], float] = perf_counter
    due: float = field(init=False)

    def __post_init__(self) -> None:
        self.due = self.seconds() + FIRST

    def read(self) -> Iterator[Kept]:
        """All of them."""
        return self.inner.read()

    def keep(self, done: int, state: Callable[[], bytes]) -> None:
        """Keep it if what the last one took is only a small share of the time since."""
        begin = self.seconds()
        if begin < self.due:
            return
        try:
            self.inner.keep(done, state)
        except Unreachable as error:
            self.progress(f"no checkpoint after round {done}: {error}")
        end = self.seconds()
        self.due = end + (end - begin) / SHARE
