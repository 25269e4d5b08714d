"""Versions that score in the shadow what another one has answered: one thread, a bounded line, and nobody waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any

from everfit.errors import EverfitError
from everfit.serving.keeping import Keeper
from everfit.serving.metrics import Metrics
from everfit.serving.routing import unseen
from everfit.serving.versions import Loaded, Shelf
from everfit.values import Answer

log = logging.getLogger(__name__)

ROOM = 1_000
"""So many requests may wait to be scored in the shadow; then some are left out, and counted."""


@dataclass(frozen=True)
class Job:
    """A request that was answered under the id `of`, and a version that is to score it, too."""

    model: str
    alias: str
    loaded: Loaded
    rows: Sequence[Mapping[str, Any]]
    of: str
    key: str


class Shadows:
    """Scores in the shadow, and keeps the scores as predictions with `shadow_of`.

    A version in the shadow can neither delay an answer nor fail it: what it is to score waits in a line of its own, and
    where that is full, is left out. Whatever it raises is its own failure, kept as such.
    """

    def __init__(
        self,
        keeper: Keeper,
        metrics: Metrics,
        score: Callable[[Loaded, Sequence[Mapping[str, Any]]], Sequence[Answer | None]],
        room: int = ROOM,
    ) -> None:
        self._keeper, self._metrics, self._score = keeper, metrics, score
        self._line: Queue[Job] = Queue(room)
        self._over = Event()

    def offer(
        self, shelf: Shelf, model: str, alias: str, rows: Sequence[Mapping[str, Any]], id_: str, key: str
    ) -> None:
        """Put what `alias` has answered into the line, for each version that the route has in the shadow."""
        for shadow in unseen(shelf.route, alias):
            loaded = shelf.routed(shadow)
            if loaded is None:
                continue
            try:
                self._line.put_nowait(Job(model, shadow, loaded, rows, id_, key))
            except Full:
                self._metrics.shadows.add(model, loaded.version, "left out")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Score for as long as the block lasts; what waits at its end is left out."""
        thread = Thread(target=self._work, name="everfit-shadow", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                self._do(self._line.get(timeout=0.2))
            except Empty:
                continue

    def _do(self, job: Job) -> None:
        begun, error = time.perf_counter(), ""
        answers: Sequence[Answer | None] = ()
        try:
            answers = self._score(job.loaded, job.rows)
        except Exception as failed:  # a version on trial may fail in any way, and this thread goes on
            if not isinstance(failed, EverfitError):
                log.exception("version %s of %s failed in the shadow", job.loaded.version, job.model)
            error = f"{type(failed).__name__}: {failed}"
        seconds = time.perf_counter() - begun
        self._keeper.keep(
            *(job.model, job.loaded.version, job.alias, job.rows, answers),
            key=job.key,
            seconds=seconds,
            error=error,
            shadow_of=job.of,
        )
        self._metrics.shadows.add(job.model, job.loaded.version, "failed" if error else "scored")
