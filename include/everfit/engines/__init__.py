"""Where the work of a step is done: an engine, one file each, found by its name in the spec's `engine`.

A step says what is to be done with each of several things (batches, columns), or by several workers at once; the engine
says where. The work itself is the same Python on every engine, so that no feature, expectation or model is written
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from everfit.ports import Cluster, Peers

T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """What a file in everfit/engines defines: a frozen dataclass."""

    @classmethod
    def at(cls, cluster: Cluster | None) -> Engine:
        """The engine on this cluster. Errors: `SpecError` if it needs one and there is none."""

    @property
    def workers(self) -> int:
        """How many work together."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """What `function` makes of each item, in the items' order; whatever it raises is raised here.

        Function, items and answers travel: they are pickled. Big data does not: it is in the store, under its name.
        """

    def together(self, function: Callable[[Peers], R]) -> list[R]:
        """What each of the engine's workers makes, by rank, all of them at work at the same time.

        Errors: what one of them raises; then the others are stopped.
        """


__all__ = ["Engine"]
