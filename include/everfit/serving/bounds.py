"""What loading a version may take: memory, which is counted before, and time, which a caller of the registry waits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from everfit.errors import DeployError
from everfit.models.memory import available, in_words, resident

if TYPE_CHECKING:
    from everfit.serving.versions import Loaded

TIMES = 10
"""So many times the size of its files a loaded version takes: 8.5 was measured, with 100 trees in both runtimes."""

AT_ONCE = 4
"""Versions that may be late at a time: one whose code hangs keeps its thread for ever."""


@dataclass(frozen=True)
class Bounds:
    """The server may hold `memory` bytes (0: what its container or machine has) and load a version for `seconds`."""

    memory: int = 0
    seconds: float = 120.0

    def check(self, name: str, folder: Path) -> None:
        """Refuse with `DeployError` a version for which there is no room."""
        needed = TIMES * sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        left = max(0, self.memory - resident()) if self.memory else available()
        if needed > left:
            allowed = f", which may hold {in_words(self.memory)} (--memory-mb)," if self.memory else ""
            raise DeployError(
                f"{name} does not load: it needs about {in_words(needed)}, and the server{allowed} has {in_words(left)}"
                " left; serve fewer models (--models), or give it more memory"
            )


@dataclass
class Loading:
    """Loads in threads, for nobody to wait longer than the bounds say. What comes late is taken by a later look."""

    bounds: Bounds
    _late: dict[tuple[str, int], Future[Loaded]] = field(default_factory=dict)

    def load(self, model: str, number: int, load: Callable[[str, int], Loaded]) -> Loaded:
        """What `load` gives; `DeployError` if that takes too long, or still does."""
        key, said = (model, number), f"version {number} of {model} does not load"
        late = self._late.pop(key, None)
        if late is None and len(self._late) >= AT_ONCE:
            raise DeployError(f"{said}: {len(self._late)} others have not come to an end yet")
        job = late or _begun(load, model, number)
        if not wait([job], 0 if late else self.bounds.seconds).done:
            self._late[key] = job
            raise DeployError(
                f"{said}: it has not within {self.bounds.seconds:g} s (--load-time); it is taken if it does after all"
            )
        return job.result()


def _begun(load: Callable[[str, int], Loaded], model: str, number: int) -> Future[Loaded]:
    """Loading, in a thread that does not keep the server from ending."""
    job: Future[Loaded] = Future()

    def run() -> None:
        try:
            job.set_result(load(model, number))
        except BaseException as error:
            job.set_exception(error)

    Thread(target=run, name=f"everfit-loading-{model}-{number}", daemon=True).start()
    return job
