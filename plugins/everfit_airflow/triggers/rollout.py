"""Wait in the triggerer until another look at a rollout is worth it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from everfit.errors import Unreachable
from everfit_airflow.connections import Connections
from everfit_airflow.triggers.new_batch import SETTLE

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.steps.news import Known

EVERY = 5.0
"""Seconds between two listings."""


class RolloutTrigger(BaseTrigger):
    """Fire once the clock has reached `again`, somebody has decided something, or the evidence has grown.

    Only names are looked at, in a thread: the judge works in a task. A store that does not answer is no event.
    """

    def __init__(self, *, model: str, known: dict[str, Any], again: str | None, connections: dict[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model, self.known, self.again, self.connections = model, known, again, connections

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes this trigger again."""
        names = ("model", "known", "again", "connections")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is something."""
        from everfit.steps.news import Known
        from everfit.values import load
        from everfit_airflow.hooks.everfit import EverfitHook

        ports = await EverfitHook(Connections(**self.connections)).aports()
        before, begun = load(Known, self.known), ports.clock()
        until = datetime.fromisoformat(self.again) if self.again else None
        await asyncio.sleep(SETTLE)
        while True:
            now = ports.clock()
            found = await self._look(ports)
            if (until and now >= until) or (found and before.worth_a_look(found, now - begun)):
                break
            await asyncio.sleep(EVERY)
        yield TriggerEvent({"model": self.model})  # type: ignore[no-untyped-call]

    async def _look(self, ports: Ports) -> Known | None:
        from everfit.steps.news import known

        try:
            return await asyncio.to_thread(known, ports, self.model)
        except Unreachable as error:
            self.log.warning("cannot look for new evidence now: %s", error)
            return None
