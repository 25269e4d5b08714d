"""How a line lies in the store: a ticket for each run that waits, who was called, and who is trained."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from everfit.errors import Corrupted
from everfit.steps.priority import Priority
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from everfit.ports import Store

T = TypeVar("T")
FOLDER = "line"
CALLED = timedelta(minutes=5)
"""How long a run that was called may take to begin once there is a free slot, before it is passed over."""

FORGOTTEN = timedelta(days=1)
"""After this, what a killed process left behind holds nobody back, and is thrown away."""


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
        return f"{self.due.astimezone(UTC):%Y%m%dT%H%M%S.%f}~{self.model}~{self.run}"


@dataclass(frozen=True)
class Call:
    """A run has its turn since `at`: it may take `until` then to begin, or longer while those `beside` it go on."""

    at: datetime
    until: datetime
    beside: tuple[str, ...]

    def waits(self, now: datetime, training: tuple[str, ...]) -> bool:
        """Whether no training has ended since, so that there may be no free slot; believed for a day."""
        return bool(self.beside) and set(self.beside) <= set(training) and now - self.at < FORGOTTEN

    def stands(self, now: datetime, training: tuple[str, ...]) -> bool:
        """Whether the run still holds the others back."""
        return now <= self.until or self.waits(now, training)


@dataclass(frozen=True)
class Line:
    """One listing of a line: the names of its tickets, in order, of those that were called, and who is trained."""

    store: Store
    pool: str
    tickets: tuple[str, ...]
    called: tuple[str, ...]
    training: tuple[str, ...]

    @classmethod
    def of(cls, store: Store, pool: str) -> Line:
        """As it is now; a call without a ticket is what a crash left, and counts for nothing."""
        parts = [key.split("/") for key in store.list(f"{FOLDER}/{pool}")]

        def named(what: str) -> tuple[str, ...]:
            return tuple(name.removesuffix(".json") for _, _, kind, name in parts if kind == what)

        tickets = named("tickets")
        called = tuple(name for name in named("called") if name in tickets)
        return cls(store, pool, tickets, called, named("training"))

    def of_run(self, model: str, run: str) -> str | None:
        """The name of the run's ticket, if it has one."""
        return next((name for name in self.tickets if who(name) == (model, run)), None)

    def read(self, name: str) -> Ticket:
        """The ticket of that name; `FileNotFoundError` if it went meanwhile."""
        return self._load(Ticket, "tickets", name)

    def write(self, ticket: Ticket) -> None:
        """Put the ticket into the line."""
        self.store.create(self._key("tickets", ticket.name), canonical(dump(ticket)))

    def answered(self, name: str) -> datetime:
        """Until when somebody answers for the ticket."""
        with suppress(FileNotFoundError):
            return self._load(datetime, "answered", name)
        return datetime.min.replace(tzinfo=UTC)

    def answer(self, name: str, until: datetime) -> None:
        """Answer for the ticket."""
        self.store.write(self._key("answered", name), canonical(dump(until)))

    def call_of(self, name: str) -> Call:
        """What was said when the ticket was called."""
        with suppress(FileNotFoundError):
            return self._load(Call, "called", name)
        never = datetime.min.replace(tzinfo=UTC)
        return Call(never, never, ())

    def call(self, name: str, call: Call) -> None:
        """Say that it is the ticket's turn."""
        self.store.write(self._key("called", name), canonical(dump(call)))

    def holds(self, name: str, now: datetime) -> bool:
        """Whether one that was called stands; while it waits for a slot, its time to begin is given anew."""
        call = self.call_of(name)
        waits = call.waits(now, self.training)
        if waits and call.until < now + CALLED / 2:
            self.call(name, replace(call, until=now + CALLED))
        if not waits and now - call.until > FORGOTTEN:
            self.remove(name)
        return call.stands(now, self.training)

    def begin(self, model: str, run: str) -> None:
        """The run is trained from here on; another of its model that is said to be was killed."""
        self.store.write(self._key("training", f"{model}~{run}"), b"{}")
        for other in self.training:
            if other.startswith(f"{model}~") and other != f"{model}~{run}":
                self.store.delete(self._key("training", other))

    def end(self, model: str, run: str) -> None:
        """The run is trained no more."""
        self.store.delete(self._key("training", f"{model}~{run}"))

    def clear_away(self, name: str, now: datetime) -> None:
        """Throw the ticket away if nobody has answered for it for a day."""
        if now - self.answered(name) > FORGOTTEN:
            self.remove(name)

    def remove(self, name: str) -> None:
        """Take the ticket out of the line, and all that was said of it."""
        for what in ("tickets", "called", "answered"):
            self.store.delete(self._key(what, name))

    def _load(self, kind: type[T], what: str, name: str) -> T:
        key = self._key(what, name)
        try:
            return load(kind, json.loads(self.store.read(key)))
        except ValueError as error:
            raise Corrupted(f"{key} cannot be read: delete it, and clear the task that waits") from error

    def _key(self, what: str, name: str) -> str:
        return f"{FOLDER}/{self.pool}/{what}/{name}.json"


def who(name: str) -> tuple[str, str]:
    """Model and run of the ticket of that name."""
    _, model, run = name.split("~", 2)
    return model, run
