"""A model in memory of which people are told, with a clock that a test sets and a channel that it can break."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal

from everfit.alerts import Incident, Message
from everfit.errors import Unreachable
from everfit.ledger import Entry, View
from everfit.ledger.entries import BatchAccepted, BatchQuarantined, Body
from everfit.ports import Ports, Store
from everfit.spec import ModelSpec, load_spec
from everfit.spec.alerts import AlertsSpec
from everfit.steps.alert import Channel, alert, incidents
from everfit.testing.fakes import MemoryStore
from everfit.values import Batch

BEGIN = datetime(2013, 6, 1, tzinfo=UTC)


class Crash(BaseException):
    """The process dies; nobody catches it."""


@dataclass
class Readers:
    """People at the end of a channel; `will` says what happens when the next message is sent to them."""

    name: str = "mail"
    will: Literal["read", "be away", "die before", "die after"] = "read"
    read: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        if self.will == "be away":
            raise Unreachable("the connection was refused")
        if self.will == "die before":
            raise Crash
        self.read.append(message)
        if self.will == "die after":
            raise Crash

    @property
    def titles(self) -> list[str]:
        return [message.title for message in self.read]

    def words(self, incident: str) -> list[tuple[str, datetime]]:
        """What they were told of an incident, and when."""
        return [(one.told.news, m.now) for m in self.read for one in m.news if one.told.incident == incident]


class Office:
    """One model."""

    def __init__(self, store: Store | None = None, **alerts: Any) -> None:
        self.now, self._numbers, self._folder = BEGIN, count(1), tempfile.TemporaryDirectory(prefix="office-")
        nothing: Any = None
        self.ports = Ports(
            *(store or MemoryStore(), nothing, nothing, nothing, nothing),
            clock=lambda: self.now,
            work=Path(self._folder.name),
        )
        self.ledger = self.ports.ledger("flight_delays")
        self.spec: ModelSpec = load_spec("flight_delays").model_copy(update={"alerts": AlertsSpec(**alerts)})

    @property
    def view(self) -> View:
        return self.ledger.view()

    @property
    def open(self) -> tuple[Incident, ...]:
        return incidents(self.view, self.spec, self.now)

    def wait(self, **how: float) -> None:
        self.now += timedelta(**how)

    def say(self, body: Body) -> Entry:
        return self.ledger.append(f"said:{next(self._numbers)}", body)

    def refuse(self, partition: str, *reasons: str) -> None:
        number = next(self._numbers)
        report = f"reports/{partition}-{number}.html"
        self.say(
            BatchQuarantined(partition, f"f{number}", f"s{number}", reasons or ("no rows",), report, "quarantine/q")
        )

    def accept(self, partition: str) -> None:
        number = next(self._numbers)
        self.say(BatchAccepted(Batch(partition, 1, f"s{number}", 10, (), "outs: []"), f"f{number}", "reports/r.html"))

    def look(self, *channels: Channel) -> tuple[Message, ...]:
        """What the DAG does every five minutes."""
        return alert(
            self.ports,
            self.spec,
            channels,
            f"look#{next(self._numbers)}/{os.getpid()}",
            "https://airflow.example/everfit",
        )
