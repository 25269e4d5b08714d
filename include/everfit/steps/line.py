"""The line in front of a pool: who waits to be trained, in which order, and whose turn it is.

A run that comes writes a ticket to the store, `line/<pool>/tickets/<due>~<model>~<run>.json`: the listing is the line.
The first ticket that counts is called, and goes to Airflow's own queue for the pool; the next one is called when the
training of that one begins. So there is never more than one run that Airflow could put in a wrong order, and the slots
stay Airflow's business: nothing here has to know how many there are, or who holds them.

A ticket counts while somebody answers for it: each look of the one who waits renews that, by a minute or two. One that
was called counts for as long as the trainings that it was called beside go on, and five minutes longer. So a run that
was killed, or whose DAG was paused, is passed over soon after it could have gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from everfit.steps.line_store import CALLED, FOLDER, Call, Line, Ticket, who
from everfit.steps.priority import due, priority_of

if TYPE_CHECKING:
    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports, Store
    from everfit.spec import ModelSpec

GRACE = timedelta(seconds=60)
"""How much later than promised a look may come before the ticket is passed over; also for clocks that differ."""

NAMED = 3
NEAR, FAR = timedelta(seconds=5), timedelta(minutes=2)


@dataclass(frozen=True)
class Look:
    """What one sees in the line: the models of the runs that are `ahead`, the first one first."""

    ahead: tuple[str, ...]

    @property
    def turn(self) -> bool:
        """Whether it is the turn of the one who looks."""
        return not self.ahead

    @property
    def again(self) -> timedelta:
        """When to look again. Who is far back looks seldom: two hundred ask the store three times a second in all."""
        return min(NEAR * max(len(self.ahead), 1), FAR)

    @property
    def words(self) -> str:
        """The place, for people.

        >>> Look(("fraud", "churn")).words
        'place 3 in the line, behind fraud, churn'
        """
        if self.turn:
            return "first in the line"
        more = f" and {len(self.ahead) - NAMED} more" if len(self.ahead) > NAMED else ""
        return f"place {len(self.ahead) + 1} in the line, behind {', '.join(self.ahead[:NAMED])}{more}"


@dataclass(frozen=True)
class Place:
    """A ticket as the line has it: `called` (it waits for a slot), waiting, or passed over as nobody answers."""

    ticket: Ticket
    called: bool
    counts: bool


def take_place(ports: Ports, spec: ModelSpec, run: RunTriggered) -> Ticket:
    """Put the run into the line of its pool; a run that is there already keeps its place."""
    pool, now = spec.train.pool_name, ports.clock()
    line = Line.of(ports.store, pool)
    if there := line.of_run(spec.name, run.run):
        return line.read(there)
    priority = priority_of(ports.ledger(spec.name).view(), spec, run, now)
    ticket = Ticket(pool, spec.name, run.run, now, due(now, priority), priority)
    line.answer(ticket.name, now + GRACE)  # before the ticket itself, which is thrown away without
    line.write(ticket)
    return ticket


def look(store: Store, ticket: Ticket, now: datetime) -> Look:
    """Answer for the ticket, and see who is ahead of it; if nobody is, it is called.

    Ahead is also who was called before, even if less urgent: he may be in Airflow's queue already. Those behind the
    first that counts are taken to count, until they are first themselves.
    """
    line, name = Line.of(store, ticket.pool), ticket.name
    if name not in line.tickets:  # thrown away because nobody could look for a day
        line.write(ticket)
    if name in line.called:
        ahead = []
    else:
        called = [other for other in line.called if line.holds(other, now)]
        waiting = [other for other in line.tickets if other < name and other not in line.called]
        while waiting and line.answered(waiting[0]) < now:
            line.clear_away(waiting.pop(0), now)
        ahead = [*called, *waiting]
    seen = Look(tuple(who(other)[0] for other in ahead))
    if seen.turn and name not in line.called:
        line.call(name, Call(now, now + CALLED, line.training))
    elif not seen.turn:
        line.answer(name, now + seen.again + GRACE)
    return seen


@contextmanager
def training(store: Store, pool: str, model: str, run: str) -> Iterator[None]:
    """While a run is trained in the pool, in the line or not: its place is free from here on, so the next is called."""
    line = Line.of(store, pool)
    line.begin(model, run)  # before the ticket goes: the next one is called beside this training
    if name := line.of_run(model, run):
        line.remove(name)
    try:
        yield
    finally:
        line.end(model, run)


def places(store: Store, pool: str, now: datetime) -> tuple[Place, ...]:
    """Everybody who has a ticket: who was called, then the others in order."""
    line, found = Line.of(store, pool), []
    for name in line.tickets:
        called = name in line.called
        counts = line.call_of(name).stands(now, line.training) if called else line.answered(name) >= now
        with suppress(FileNotFoundError):  # its training began in this moment
            found.append(Place(line.read(name), called, counts))
    return tuple(sorted(found, key=lambda place: (not place.called, place.ticket.name)))


def pools(store: Store) -> tuple[str, ...]:
    """The pools that somebody waits for."""
    found = (key.split("/") for key in store.list(FOLDER))
    return tuple(sorted({pool for _, pool, what, _ in found if what == "tickets"}))
