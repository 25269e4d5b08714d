"""Look at the landing place again and again, in the triggerer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from airflow.triggers.base import TriggerEvent

from everfit_airflow.triggers.eye import Looking

SETTLE = 3.0
"""Seconds before the first look: a task that is resumed in the moment it parks can be failed by the scheduler of
Airflow 3.3.2 (apache/airflow#66374)."""


class NewBatchTrigger(Looking):
    """Fire once a delivery is there that the ledger has not settled, or when `look_for` seconds are over.

    All waiting deferred sensors share the triggerer's event loop; each look runs in a thread, so a slow store blocks
    nobody. A store that does not answer is no event: the next look may find it back.
    """

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is something, or until it has been long enough."""
        eye = await self.open_eye()
        end = time.monotonic() + eye.data.look_for
        await asyncio.sleep(SETTLE)
        while time.monotonic() < end:
            found = await eye.look()
            if found and found.partitions:
                yield TriggerEvent({"partitions": found.partitions})  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(eye.data.look_every)
        yield TriggerEvent({"partitions": []})  # type: ignore[no-untyped-call]
