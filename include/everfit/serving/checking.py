"""A sample of the short way's answers is given once more the long way, for as long as the server runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import Any

from anyio import to_thread

from everfit.errors import EverfitError
from everfit.predictor import apart
from everfit.serving.metrics import Metrics
from everfit.serving.scoring import Rows, answers
from everfit.serving.versions import Loaded
from everfit.values import Answer

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two looks at one version: the long way costs as much as a hundred short ones."""


class Checking:
    """Looks at each version's first answer, and at one every so many seconds from then on. A version whose two ways
    part answers through pandas from then on, and /healthz says why."""

    def __init__(self, metrics: Metrics, every: float = EVERY) -> None:
        self._metrics, self._every = metrics, every
        self._next: dict[Loaded, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def look(self, model: str, loaded: Loaded, rows: Rows, given: Sequence[Answer]) -> None:
        """Take these answers for a look, if it is their turn; nobody waits for it."""
        now = monotonic()
        if now < self._next.get(loaded, 0.0):
            return
        if loaded not in self._next:  # a new one has come, and others may have gone
            self._next = {one: at for one, at in self._next.items() if at > now - 2 * self._every}
        self._next[loaded] = now + self._every
        task = asyncio.create_task(self._compare(model, loaded, rows, given))
        self._tasks.add(task)  # the loop itself does not hold on to a task
        task.add_done_callback(self._tasks.discard)

    async def _compare(self, model: str, loaded: Loaded, rows: Rows, given: Sequence[Answer]) -> None:
        try:
            wanted = await to_thread.run_sync(partial(answers, loaded, rows))
        except EverfitError as error:
            problem = f"the short way answers what the long way refuses: {error}"
        else:
            problem = f"asked {_few(rows)}, the short way says {_few(given)} and the long way {_few(wanted)}"
            if not apart(given, wanted):
                problem = ""
        self._metrics.checked.add(model, loaded.version, "apart" if problem else "equal")
        if problem and loaded.way.quick:
            loaded.doubt(problem)


def _few(things: Sequence[Any]) -> str:
    return f"{list(things[:3])}"
