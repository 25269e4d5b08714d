"""The engine `local`: this process, one thing after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from everfit.ports import Cluster, Peers

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Local:
    """No other machine.

    >>> list(Local().map(str.upper, ["a", "b"]))
    ['A', 'B']
    """

    @classmethod
    def at(cls, cluster: Cluster | None) -> Local:  # noqa: ARG003 - a cluster may be there for other models
        """The engine itself."""
        return cls()

    @property
    def workers(self) -> int:
        """One."""
        return 1

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Python's own `map`: one item is done when its answer is asked for."""
        return map(function, items)

    def together(self, function: Callable[[Peers], R]) -> list[R]:
        """Alone."""
        return [function(Alone())]


@dataclass
class Alone:
    """The only worker there is."""

    rank: int = 0
    of: int = 1
    host: str = "localhost"

    def gather(self, said: str) -> list[str]:
        """Nobody else says anything."""
        return [said]
