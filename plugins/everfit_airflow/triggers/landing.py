"""Watch a landing place from the triggerer: an event for each delivery that is new there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from everfit_airflow.triggers.eye import Looking


class LandingTrigger(Looking, BaseEventTrigger):
    """Emit an asset event when something is in the landing place that was not there at the last look.

    It goes on for as long as a DAG listens. An event is a wake-up: one that gets lost costs time until the next sweep
    and nothing else, so a delivery is announced once, and again only after a restart.
    """

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look for ever."""
        eye = await self.open_eye()
        announced: frozenset[tuple[str, str]] = frozenset()
        while True:
            if found := await eye.look():
                if found.known_by - announced:
                    yield TriggerEvent({"partitions": found.partitions})  # type: ignore[no-untyped-call]
                announced = found.known_by
            await asyncio.sleep(eye.data.look_every)
