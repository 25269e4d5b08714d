"""A sample of the short way's answers is given once more the long way, for as long as the server runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Any

from anyio import to_thread

from everfit.errors import EverfitError
from everfit.predictor import apart
from everfit.serving.metrics import Metrics
from everfit.serving.scoring import Rows, answers
from everfit.serving.versions import Loaded
from everfit.values import Answer

log = logging.getLogger(__name__)

EVERY = 1000


class Checking:
    """Looks at one of so many answers (the first is one of them), one at a time. A version whose two ways part answers
    through pandas from then on, and /healthz says why."""

    def __init__(self, metrics: Metrics, every: int = EVERY) -> None:
        self._metrics, self._every = metrics, every
        self._number = count()
        self._task: asyncio.Task[None] | None = None

    def look(self, model: str, loaded: Loaded, rows: Rows, given: Sequence[Answer]) -> None:
        """Take these answers for a look, if it is their turn; nobody waits for it."""
        if next(self._number) % self._every == 0 and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._compare(model, loaded, rows, given))

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
