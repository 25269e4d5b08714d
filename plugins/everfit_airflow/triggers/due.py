"""Watch from the triggerer whether a training run has come to be due: after a cooldown, at the end of quiet hours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from everfit.errors import EverfitError
from everfit_airflow.connections import Connections
from everfit_airflow.looking import received_whole

if TYPE_CHECKING:
    from everfit.ledger import Ledger
    from everfit.ports import Clock
    from everfit.spec import ModelSpec

EVERY = 30.0
"""Seconds between two looks. What is due has to be so at two in a row, for a run that new data or the clock have
started has written itself into the ledger by then."""
AGAIN = 120
"""So many looks later what is still due is told once more: a DAG that is paused misses what it is told."""


class DueTrigger(BaseEventTrigger):
    """Emit an asset event when a run is due that nothing else has started: at once, and each hour for as long as it is.

    An event is a wake-up: the run that it starts decides anew whether it has anything to do. So one that is emitted
    again, after a restart of the triggerer, costs a skipped run and nothing else.
    """

    def __init__(self, *, spec: str, connections: dict[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.spec, self.connections = spec, connections

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes this trigger again, and by what it knows equal ones."""
        names = ("spec", "connections")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look for ever."""
        from everfit_airflow.hooks.everfit import EverfitHook

        spec = received_whole(self.spec)
        ports = await EverfitHook(Connections(**self.connections)).aports()
        ledger = ports.ledger(spec.name)  # kept, so that a look reads what is new
        before: tuple[str, ...] = ()
        announced: tuple[str, ...] = ()
        silent = 0
        while True:
            found, silent = await self._look(ledger, spec, ports.clock), silent + 1
            if found and found == before and (found != announced or silent >= AGAIN):
                yield TriggerEvent({"because": list(found)})  # type: ignore[no-untyped-call]
                announced, silent = found, 0
            if not found:
                announced = ()  # the same words may speak of other events one day
            before = found
            await asyncio.sleep(EVERY)

    async def _look(self, ledger: Ledger, spec: ModelSpec, clock: Clock) -> tuple[str, ...]:
        from everfit.steps.due import due

        try:
            return await asyncio.to_thread(lambda: due(ledger.view(), spec, clock()))
        except (EverfitError, OSError) as error:
            self.log.warning("cannot say now whether a run is due: %s", error)
            return ()
