"""Ports whose effects may crash, just before or just after they happen: a process that is killed in between."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from everfit.ports import Ports

When = Callable[[str, tuple[Any, ...], bool], bool]
"""Of an effect by its name and what it was given, and whether it has happened yet: if the process dies there."""


class Crash(BaseException):
    """The process dies; nobody catches it."""


@dataclass
class Mortal:
    """A port of whose `effects` one may be the last thing that happens, or that does not."""

    port: Any
    effects: Collection[str]
    when: When

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)
        if name not in self.effects:
            return method

        def call(*given: Any) -> Any:
            if self.when(name, given, False):
                raise Crash
            answer = method(*given)
            if self.when(name, given, True):
                raise Crash
            return answer

        return call


def counting(moment: int) -> When:
    """Crash at the `moment`-th chance, of all ports together: before an effect if even, after it if odd."""
    seen = count()
    return lambda _name, _given, _happened: next(seen) == moment


def mortal(ports: Ports, when: When, **effects: Collection[str]) -> Ports:
    """The ports, with effects of some of them (`store=("create",)`) that may be the last."""
    dying = {name: Mortal(getattr(ports, name), deadly, when) for name, deadly in effects.items()}
    return replace(ports, **dying)
