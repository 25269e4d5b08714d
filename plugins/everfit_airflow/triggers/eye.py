"""How triggers look at a landing place: one open eye, and what all that look through one have in common."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger

from everfit.errors import Unreachable
from everfit_airflow.connections import Connections
from everfit_airflow.looking import AT_ONCE, received

if TYPE_CHECKING:
    from everfit.ledger import Ledger
    from everfit.ports import Ports
    from everfit.spec import DataSpec

SHOWN = 20
"""Partitions that an event names at most; the run that it wakes reads from the ledger what there is to do."""


@dataclass(frozen=True)
class Found:
    """What is worth waking somebody up for: each by what it is known by, and the first partitions by name."""

    known_by: frozenset[tuple[str, str]]
    partitions: list[str]


@dataclass
class LandingEye:
    """One open eye on a landing place, with a ledger that is kept, so that each look reads only what is new in it."""

    ports: Ports
    ledger: Ledger
    data: DataSpec
    log: Any

    async def look(self) -> Found | None:
        """What is unsettled or overdue; None if the landing place or the store cannot be reached just now."""
        try:
            return await asyncio.to_thread(self._look)
        except Unreachable as error:
            self.log.warning("cannot look at the landing place now: %s", error)
            return None

    def _look(self) -> Found:
        from everfit.steps.ingest import leave_uncounted, look

        found = look(self.ports, self.ledger, self.data, most=AT_ONCE, count=leave_uncounted)
        ready = [(arrival.partition, arrival.fingerprint) for arrival in found.ready]
        late = [(late.body.partition, late.key) for late in found.overdue]
        names = [partition for partition, _ in (*ready, *late)]
        return Found(frozenset((*ready, *late)), names[:SHOWN])


class Looking(BaseTrigger):
    """A trigger that looks at a landing place: what it is made with, how it travels, and how it begins."""

    def __init__(self, *, model: str, data: str, connections: dict[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model, self.data, self.connections = model, data, connections

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes this trigger again, and by what it knows equal ones."""
        names = ("model", "data", "connections")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def open_eye(self) -> LandingEye:
        """Open the ports from Airflow's connections, without blocking the triggerer's event loop."""
        from everfit_airflow.hooks.everfit import EverfitHook

        ports = await EverfitHook(Connections(**self.connections)).aports()
        return LandingEye(ports, ports.ledger(self.model), received(self.data), self.log)
