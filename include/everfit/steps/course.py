"""The course of a training: what a try that died has left to go on from, and what this one leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.models import Checkpoints, Forgetful
from everfit.steps.checkpoints import Sparing, StoreCheckpoints
from everfit.steps.dying import UNBOUNDED, Allowed, marked
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from everfit.ports import Ports, Progress, Store


@dataclass(frozen=True)
class Found:
    """How many rounds were best on the newest training span, and its curves."""

    rounds: int
    curves: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Course:
    """Checkpoints of each part of a training, the number of rounds that was found, and the memory that is allowed.

    Without a `store` nothing is kept.
    """

    checkpoints: Callable[[str], Checkpoints] = lambda _: Forgetful()
    allowed: Allowed = UNBOUNDED
    store: Store | None = None
    folder: str = ""

    def found(self, what: str) -> Found | None:
        """What an earlier try found for the training of that name."""
        try:
            return load(Found, json.loads(self.store.read(self._key(what)))) if self.store else None
        except (FileNotFoundError, ValueError):
            return None

    def remember(self, what: str, found: Found) -> None:
        """Let later tries know."""
        if self.store:
            self.store.write(self._key(what), canonical(dump(found)))

    def _key(self, what: str) -> str:
        return f"{self.folder}/{what}.json"


@contextmanager
def going_on(
    ports: Ports, folder: str, table: str, progress: Progress, told: Callable[[str, int], None]
) -> Iterator[Course]:
    """The course of the training on the feature table with that hash, whose tries leave what they leave in `folder`."""
    here = f"{folder}/{table[:12]}"

    def kept(part: str) -> Checkpoints:
        return Sparing(StoreCheckpoints(ports.store, f"{here}/{part}", ports.clock, told), progress)

    there = max(ports.store.list(here), default="")
    with marked(ports.store, f"{folder}/try.json", there, progress) as allowed:
        yield Course(kept, allowed, ports.store, here)


FROM_THE_START = Course()
"""The way of a training that nothing was kept of, and nothing will be."""
