"""Wait in the triggerer for a turn in the line of a pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from everfit.errors import Unreachable
from everfit_airflow.connections import Connections
from everfit_airflow.triggers.new_batch import SETTLE

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.steps.line import Look
    from everfit.steps.line_store import Ticket


class TurnTrigger(BaseTrigger):
    """Fire once nobody is ahead of `ticket`, and say so in the log whenever the place changes.

    Each look, in a thread, answers for the ticket: a run that is ended by a person stops looking, and is passed over. A
    store that does not answer is no event.
    """

    def __init__(self, *, ticket: dict[str, Any], connections: dict[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ticket, self.connections = ticket, connections

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes this trigger again."""
        given = {"ticket": self.ticket, "connections": self.connections}
        return f"{type(self).__module__}.{type(self).__qualname__}", given

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until it is the run's turn."""
        from everfit.steps.line import NEAR
        from everfit.steps.line_store import Ticket
        from everfit.values import load
        from everfit_airflow.hooks.everfit import EverfitHook

        ports = await EverfitHook(Connections(**self.connections)).aports()
        ticket, said = load(Ticket, self.ticket), ""
        await asyncio.sleep(SETTLE)
        while True:
            seen = await self._look(ports, ticket)
            if seen and seen.words != said:
                said = seen.words
                self.log.info(said)
            if seen and seen.turn:
                break
            await asyncio.sleep((seen.again if seen else NEAR).total_seconds())
        yield TriggerEvent(self.ticket["priority"])  # type: ignore[no-untyped-call]

    async def _look(self, ports: Ports, ticket: Ticket) -> Look | None:
        from everfit.steps.line import look

        try:
            return await asyncio.to_thread(lambda: look(ports.store, ticket, ports.clock()))
        except Unreachable as error:
            self.log.warning("cannot look at the line now: %s", error)
            return None
