"""Look at the landing place again and again, in the triggerer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from everfit.errors import Unreachable
from everfit_airflow.connections import Connections

SETTLE = 3.0
"""Seconds before the first look: a task that is resumed in the moment it parks can be failed by the scheduler of
Airflow 3.3.2 (apache/airflow#66374)."""


class NewBatchTrigger(BaseTrigger):
    """Fire once a delivery is there that the ledger has not settled, or when `look_for` seconds are over.

    All waiting deferred sensors share the triggerer's event loop; each look runs in a thread, so a slow store blocks
    nobody. A store that does not answer is no event: the next look may find it back.
    """

    def __init__(
        self, *, model: str, folder: str, marker: str, every: float, look_for: float, connections: dict[str, str]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model, self.folder, self.marker = model, folder, marker
        self.every, self.look_for, self.connections = every, look_for, connections

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes this trigger again."""
        names = ("model", "folder", "marker", "every", "look_for", "connections")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is something, or until it has been long enough."""
        from everfit.steps.ingest import unsettled
        from everfit_airflow.hooks.everfit import EverfitHook

        ports = await EverfitHook(Connections(**self.connections)).aports()
        ledger = ports.ledger(self.model)
        end = time.monotonic() + self.look_for
        await asyncio.sleep(SETTLE)
        while time.monotonic() < end:
            try:
                found = await asyncio.to_thread(unsettled, ledger, ports.landing, self.folder, self.marker)
            except Unreachable as error:
                self.log.warning("cannot look at the landing place now: %s", error)
                found = []
            if found:
                yield _woken([arrival.partition for arrival in found[:20]])
                return
            await asyncio.sleep(self.every)
        yield _woken([])


def _woken(partitions: list[str]) -> TriggerEvent:
    return TriggerEvent({"partitions": partitions})  # type: ignore[no-untyped-call]
