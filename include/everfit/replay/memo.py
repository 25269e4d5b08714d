"""What was worked out before, by the hash of all that it follows from; and what it took the first time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import everfit
from everfit.cost import Use
from everfit.ports import Store
from everfit.steps.meter import Meter
from everfit.values import canonical, digest, dump, load

T = TypeVar("T")


@dataclass(frozen=True)
class Memo:
    """Results under `memo/` in the store that all worlds share.

    A key names data, code, settings and everfit's own code, so that what is found is what would be worked out again.
    """

    store: Store

    def recall(self, what: str, key: Any, kind: type[T], make: Callable[[], T]) -> T:
        """The result of that key, made if it is not there yet."""
        name = f"memo/{what}/{self.digest(key)}.json"
        if self.store.exists(name):
            return load(kind, json.loads(self.store.read(name)))
        made = make()
        self.store.write(name, canonical(dump(made)))
        return made

    def taking(self, what: str, key: Any, do: Callable[[], T]) -> tuple[T, Use]:
        """Do it, and say what it took when it was done for the first time: who comes later pays the same for it."""
        name = f"memo/took/{what}/{self.digest(key)}.json"
        with Meter() as meter:
            done = do()
        self.store.create(name, canonical(dump(meter.use())))
        return done, load(Use, json.loads(self.store.read(name)))

    @staticmethod
    def digest(key: Any) -> str:
        """The name of a result."""
        return digest([own_code(), key])[:32]


@cache
def own_code() -> str:
    """The SHA-256 of everfit's own source: other code may come to other results."""
    root = Path(everfit.__file__).parent
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()
