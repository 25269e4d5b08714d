"""Who waits to be trained, pool by pool, and why in this order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from everfit.ports import Ports
    from everfit.steps.line import Place


@dataclass(frozen=True)
class Waiting:
    """One run in the line of `pool`; `place` is empty for one that is passed over."""

    pool: str
    place: str
    model: str
    run: str
    since: str
    lead: str
    why: str
    tone: str
    state: str


def waiting(ports: Ports) -> list[list[Waiting]]:
    """The line of each pool that somebody waits for."""
    from everfit.steps.line import places, pools

    now = ports.clock()
    return [line for pool in pools(ports.store) if (line := _line(places(ports.store, pool, now), now))]


def _line(places: tuple[Place, ...], now: datetime) -> list[Waiting]:
    found: list[Waiting] = []
    for place in places:
        ticket, number = place.ticket, 1 + sum(bool(one.place) for one in found)
        minutes = int((now - ticket.came).total_seconds() // 60)
        tone, state = _state(place)
        found.append(
            Waiting(
                pool=ticket.pool,
                place=str(number) if place.counts else "",
                model=ticket.model,
                run=ticket.run,
                since=f"{minutes // 60} h {minutes % 60:02} min",
                lead=f"{ticket.priority.lead:+.2f}",
                why=ticket.priority.words if place.counts else "nobody answers for this run",
                tone=tone,
                state=state,
            )
        )
    return found


def _state(place: Place) -> tuple[str, str]:
    if not place.counts:
        return "bad", "passed over"
    return ("good", "next") if place.called else ("", "waits")
