"""How the tables of a delivery are asked their suites: here, or on the machines of an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.steps.engine import engine_of
from everfit.steps.staging import Staged
from everfit.validation.ask import Answer, Seen, apart, ask, look, settle
from everfit.validation.stream import Part
from everfit.validation.suites import Suite
from everfit.values import StoredFile

if TYPE_CHECKING:
    from everfit.engines import Engine
    from everfit.ports import Ports, Store
    from everfit.spec import ModelSpec


def asker(ports: Ports, spec: ModelSpec, staged: Staged) -> Callable[[Suite, str, Sequence[Part]], Answer]:
    """The `ask` for the files of a staged delivery."""
    return ask if spec.engine == "local" else AskOn(engine_of(ports, spec), ports.store, staged)


@dataclass(frozen=True)
class AskOn:
    """Asks on an engine: each machine takes the staged files from the store and lets some of the columns stream by.

    What only Great Expectations can answer, and what a team has written itself, is answered here.
    """

    engine: Engine
    store: Store
    staged: Staged

    def __call__(self, suite: Suite, table: str, parts: Sequence[Part]) -> Answer:
        """The answer to the suite: the same that `ask` gives."""
        names = [part.name for part in parts]
        sha256 = {file.name: file.sha256 for file in self.staged.files}
        files = tuple(StoredFile(f"{self.staged.folder}/{name}", sha256[name]) for name in names)
        there = LookThere(self.store, suite, tuple(names), files)
        return settle(suite, table, parts, list(self.engine.map(there, apart(suite, parts))))


@dataclass(frozen=True)
class LookThere:
    """One table of a staged delivery, wherever this is called."""

    store: Store
    suite: Suite
    names: tuple[str, ...]
    files: tuple[StoredFile, ...]

    def __call__(self, places: list[int]) -> Seen:
        """What its rows tell of some of the suite's expectations."""
        parts = [Part(name, self.store.local_file(file)) for name, file in zip(self.names, self.files, strict=True)]
        return look(self.suite, parts, places)
