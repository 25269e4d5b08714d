"""The line in front of a pool: who waits to be trained, in which order, and whose turn it is.

A run that comes writes a ticket to the store, `line/<pool>/tickets/<due>~<model>~<run>.json`: the listing is the line.
The first ticket that counts has its turn, goes to Airflow's own queue for the pool, and is first until its training
begins and takes the ticket away. So that queue holds one run (and whoever came since with more urgency), and the pool's
slots stay Airflow's business: nothing here has to know how many there are, or who holds them.

A ticket counts while somebody answers for it: each look of the one who waits renews that, by a minute or two. A run
that was killed is passed over as soon as nobody does.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from everfit.errors import Corrupted
from everfit.steps.priority import Priority, due, priority_of
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports, Store
    from everfit.spec import ModelSpec

FOLDER = "line"
GRACE = timedelta(seconds=60)
"""How much later than promised a look may come before the ticket is passed over; also for clocks that differ."""

CALLED = timedelta(minutes=30)
"""How long a run that has its turn holds the others back while it does not begin: its DAG may have been paused."""

FORGOTTEN = timedelta(days=1)
NAMED = 3
NEAR, FAR = timedelta(seconds=5), timedelta(minutes=2)


@dataclass(frozen=True)
class Ticket:
    """A run's place in the line of `pool`: when it came, by when it is due, and why."""

    pool: str
    model: str
    run: str
    came: datetime
    due: datetime
    priority: Priority

    @property
    def name(self) -> str:
        """What the ticket is known by in the line; sorts by `due`."""
        return f"{self.due:%Y%m%dT%H%M%S.%f}~{self.model}~{self.run}"


@dataclass(frozen=True)
class Look:
    """What one sees in the line: model and run of those who are `ahead`, the first one first."""

    ahead: tuple[tuple[str, str], ...]

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

        >>> Look((("fraud", "run-7"), ("churn", "run-2"))).words
        'place 3 in the line, behind fraud, churn'
        """
        if self.turn:
            return "first in the line"
        names = [model for model, _ in self.ahead]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"place {len(names) + 1} in the line, behind {', '.join(names[:NAMED])}{more}"


def take_place(ports: Ports, spec: ModelSpec, run: RunTriggered) -> Ticket:
    """Put the run into the line of its pool; a run that is there already keeps its place."""
    pool, now = spec.train.pool.name, ports.clock()
    if there := _find(ports.store, pool, spec.name, run.run):
        return _read(ports.store, pool, there)
    priority = priority_of(ports.ledger(spec.name).view(), spec, run, now)
    ticket = Ticket(pool, spec.name, run.run, now, due(now, priority), priority)
    _answer(ports.store, ticket, now + GRACE)  # before the ticket itself, which is thrown away without
    ports.store.create(_place(pool, ticket.name), canonical(dump(ticket)))
    return ticket


def look(store: Store, ticket: Ticket, now: datetime) -> Look:
    """Answer for the ticket, and see who is ahead of it.

    Those behind the first that counts are taken to count, until they are first themselves. A ticket that was thrown
    away because nobody could look for a day is written again.
    """
    names = _names(store, ticket.pool)
    if ticket.name not in names:
        _write(store, ticket)
    ahead = [name for name in names if name < ticket.name]
    while ahead and not counts(store, ticket.pool, ahead[0], now):
        ahead.pop(0)
    seen = Look(tuple(_who(name) for name in ahead))
    _answer(store, ticket, now + (CALLED if seen.turn else seen.again + GRACE))
    return seen


def leave(store: Store, pool: str, model: str, run: str) -> None:
    """Training begins, or will never: the place in the line is free. Fine if the run has none."""
    if name := _find(store, pool, model, run):
        store.delete(_place(pool, name))
    store.delete(_answered(pool, model, run))


def line(store: Store, pool: str) -> tuple[Ticket, ...]:
    """Everybody who has a ticket, in order, whether it counts or not."""
    found = []
    for name in _names(store, pool):
        with suppress(FileNotFoundError):  # its training began in this moment
            found.append(_read(store, pool, name))
    return tuple(found)


def pools(store: Store) -> tuple[str, ...]:
    """The pools that somebody waits for."""
    return tuple(sorted({key.split("/")[1] for key in store.list(FOLDER) if key.split("/")[2] == "tickets"}))


def counts(store: Store, pool: str, name: str, now: datetime) -> bool:
    """Whether somebody answers for a ticket; one for which nobody did for a day is thrown away."""
    try:
        until = datetime.fromisoformat(store.read(_answered(pool, *_who(name))).decode())
    except FileNotFoundError:
        until = datetime.min.replace(tzinfo=UTC)
    if until < now - FORGOTTEN:
        store.delete(_place(pool, name))
        store.delete(_answered(pool, *_who(name)))
    return until >= now


def _write(store: Store, ticket: Ticket) -> None:
    store.create(_place(ticket.pool, ticket.name), canonical(dump(ticket)))


def _answer(store: Store, ticket: Ticket, until: datetime) -> None:
    store.write(_answered(ticket.pool, ticket.model, ticket.run), until.isoformat().encode())


def _names(store: Store, pool: str) -> list[str]:
    return [key.rpartition("/")[2].removesuffix(".json") for key in store.list(f"{FOLDER}/{pool}/tickets")]


def _find(store: Store, pool: str, model: str, run: str) -> str | None:
    return next((name for name in _names(store, pool) if _who(name) == (model, run)), None)


def _who(name: str) -> tuple[str, str]:
    _, model, run = name.split("~", 2)
    return model, run


def _read(store: Store, pool: str, name: str) -> Ticket:
    try:
        return load(Ticket, json.loads(store.read(_place(pool, name))))
    except ValueError as error:
        raise Corrupted(
            f"{_place(pool, name)} is not a ticket ({error}): delete it, and clear wait_for_turn"
        ) from error


def _place(pool: str, name: str) -> str:
    return f"{FOLDER}/{pool}/tickets/{name}.json"


def _answered(pool: str, model: str, run: str) -> str:
    return f"{FOLDER}/{pool}/answered/{model}~{run}"
