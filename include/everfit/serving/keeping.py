"""Keeps what the server answers: first on the local disk, then in the store."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from itertools import filterfalse, groupby
from pathlib import Path
from threading import Lock
from typing import Any

from anyio import to_thread

from everfit.errors import EverfitError
from everfit.ports import Clock, Store
from everfit.predictions import Prediction, pack
from everfit.predictions.journal import Journal
from everfit.predictions.load import is_load, load_line, loads_of
from everfit.predictions.prediction import id_of, line
from everfit.serving.loading import Loads
from everfit.serving.metrics import Metrics
from everfit.values import Answer

log = logging.getLogger(__name__)

SYNC_EVERY = 1.0
"""Seconds between two syncs of the journal: what a power cut can lose."""

SOON = 10.0
"""Seconds between two trips to the store while a model is being rolled out, for whoever judges it waits for them."""

SEGMENT_BYTES = 8 << 20
"""A journal of this size is shipped before its time."""

FAREWELL = 5.0
"""Seconds that a server which is told to stop waits for the store; what has not got there, the next one ships."""


@dataclass(frozen=True)
class Keeping:
    """What to keep: a `share` of the answers (1 is all), shipped to `store` every so many seconds.

    Until then they are under `journal`, of which at most `most` bytes are used.
    """

    store: Store
    journal: Path
    share: float = 1.0
    ship_every: float = 300
    most: int = 1 << 30


class Keeper:
    """Keeps predictions, and never stands in the way of one: what cannot be kept is counted, and answered all the same.

    An answer that is kept has an id. Its line is written before the answer is sent, and not waited for to reach the
    disk (see `Journal`). Shipping is done again until it has worked; a segment that is there already is not made twice.
    """

    def __init__(
        self,
        keeping: Keeping,
        metrics: Metrics,
        clock: Clock,
        noise: Callable[[int], bytes] = os.urandom,
        hurry: Callable[[], bool] = lambda: False,
    ) -> None:
        self._keeping, self._metrics, self._clock, self._noise, self._hurry = keeping, metrics, clock, noise, hurry
        self._journal, self._loads = Journal(keeping.journal, keeping.most), Loads(clock)
        self._shipping = Lock()
        self._away = ""

    def keep(
        self,
        model: str,
        version: int,
        alias: str,
        rows: Sequence[Mapping[str, Any]],
        scores: Sequence[Answer | None],
        *,
        flags: Sequence[Sequence[str]] = (),
        key: str = "",
        seconds: float = 0.0,
        shadow_of: str = "",
        error: str = "",
        deal: str = "",
        noise: bytes = b"",
    ) -> str:
        """Keep one answer and return its id, or "" if it is not in the share that is kept or there is no room.

        `noise` is what the id is made of where the request was dealt by it. What was scored in the shadow of a
        prediction that is kept is kept with it. A failure is kept without scores.
        """
        noise = noise or self._noise(8)
        if not shadow_of and int.from_bytes(noise) >= self._keeping.share * 2**64:
            return ""
        at = self._clock().astimezone(UTC)
        id_ = id_of(at, noise)
        more = {"key": key, "seconds": round(seconds, 7), "flags": flags, "shadow_of": shadow_of}
        more |= {"error": error, "deal": deal}
        some = {name: value for name, value in more.items() if value}
        took = self._journal.add(line(id_, at, model, version, alias, rows, scores, some))
        (self._metrics.kept if took else self._metrics.dropped).add(model, version)
        return id_ if took else ""

    def ship(self) -> int:
        """Bring everything that is finished to the store; returns the number of files. What fails is tried again."""
        with self._shipping:
            try:
                if self._journal.written:
                    self._journal.add(load_line(self._loads.read()))
                self._journal.seal()
                shipped = self._journal.ship(self._deliver)
            except (EverfitError, OSError) as error:
                if not self._away:
                    log.warning("predictions wait in %s: %s", self._keeping.journal, error)
                self._away = str(error)
                shipped = 0
            else:
                self._away = ""
            self._metrics.waiting.set(self._journal.size)
            return shipped

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sync and ship for as long as the block lasts, and ship once more at its end."""
        tasks = [asyncio.create_task(self._keep_syncing()), asyncio.create_task(self._keep_shipping())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            with suppress(TimeoutError):
                await asyncio.wait_for(to_thread.run_sync(self.ship, abandon_on_cancel=True), FAREWELL)
            self._journal.sync()
            self._journal.close()

    async def _keep_syncing(self) -> None:
        while True:
            await asyncio.sleep(SYNC_EVERY)
            await to_thread.run_sync(self._journal.sync)

    async def _keep_shipping(self) -> None:
        shipped = -self._keeping.ship_every  # what an earlier server left behind is shipped at once
        while True:
            now = asyncio.get_running_loop().time()
            every = min(SOON, self._keeping.ship_every) if self._hurry() else self._keeping.ship_every
            if now - shipped >= every or self._journal.written > SEGMENT_BYTES:
                await to_thread.run_sync(self.ship)
                shipped = now
            await asyncio.sleep(min(SYNC_EVERY, self._keeping.ship_every))

    def _deliver(self, journal: bytes) -> None:
        """Put the predictions of a journal into the store, one segment for each version, each with the loads."""
        lines = journal.splitlines()
        loads = loads_of(lines)
        found = sorted(_readable(filterfalse(is_load, lines)), key=lambda one: (*_which(one), one.id))
        for _, some in groupby(found, key=_which):
            self._keeping.store.create(*pack(some, loads))
            self._metrics.segments.inc()


def _readable(lines: Iterable[bytes]) -> list[Prediction]:
    """The predictions of these lines. One that a sudden end cut short was never answered for, and is left out."""
    found = []
    for one in lines:
        try:
            found.append(Prediction.of(one))
        except ValueError as error:
            log.warning("a line of the journal is left out: %s", error)
    return found


def _which(one: Prediction) -> tuple[str, int]:
    return one.model, one.version
