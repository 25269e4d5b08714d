"""On what terms a model is trained: where, with which seed and how much memory, who watches, what a crash leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from everfit.ports import Progress


@dataclass(frozen=True)
class Round:
    """One round of training that is over: its number from 1, how many there will be at most, and the metrics by
    `<part>_<metric>` (`holdout_auc`)."""

    done: int
    most: int
    metrics: Mapping[str, float]


class EachRound(Protocol):
    """Somebody who is told of each round; what it raises ends the training."""

    def __call__(self, ended: Round) -> None:
        """Hear of a round."""


def all_of(*watchers: EachRound) -> EachRound:
    """Several who are told of each round, as one; they hear of it in this order.

    >>> all_of(lambda r: print(f"{r.done} of {r.most}"), lambda r: print(r.metrics))(Round(1, 9, {"train_auc": 0.5}))
    1 of 9
    {'train_auc': 0.5}
    """

    def tell(ended: Round) -> None:
        for watcher in watchers:
            watcher(ended)

    return tell


@dataclass(frozen=True)
class Kept:
    """A state of a training that was under way, and when it was kept."""

    state: bytes
    at: datetime


class Checkpoints(Protocol):
    """Where the state of a training that is under way is kept, so that a later try goes on from there."""

    def read(self) -> Iterator[Kept]:
        """Every state that was kept whole, the one after the most rounds first."""

    def keep(self, done: int, state: Callable[[], bytes]) -> None:
        """Keep the state after so many rounds in the place of those before; or not, if one was kept just now.

        `state` is only called if it is kept.
        """


@dataclass(frozen=True)
class Forgetful:
    """Checkpoints for a training that is cheaper to begin again."""

    def read(self) -> Iterator[Kept]:
        """Nothing."""
        return iter(())

    def keep(self, done: int, state: Callable[[], bytes]) -> None:
        """Forget it."""


@dataclass(frozen=True)
class Terms:
    """How a training goes, beside its data and parameters.

    `device` is `auto`, `cpu`, `cuda` or `cuda:N`. `memory` is how many bytes the training may take at most beyond what
    the process has already (0: as many as it likes). `scratch` is a folder that files may lie in while it trains.
    """

    device: str
    seed: int
    progress: Progress
    each_round: EachRound = lambda _: None
    checkpoints: Checkpoints = Forgetful()
    memory: int = 0
    scratch: Path | None = None
