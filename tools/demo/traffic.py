"""Callers of the model server: they ask about real flights, and tell later what became of each."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from everfit.features.code import load_code
from everfit.serving.predicting import ID
from everfit.spec import load_spec
from everfit.validation.read import read_table
from tools.land_flights import land
from tools.local.stack import Stack

CALLERS = 5
EVERY = 0.2
"""Seconds between two requests of one caller."""
LATER = 2.0
"""Seconds after which a caller knows what became of the flights."""

Flight = tuple[Mapping[str, Any], float]
"""What a caller sends of a flight, and whether it was late."""


@dataclass(frozen=True)
class Answer:
    """One request that was answered: when it was sent, how long that took, which version said what, what came."""

    sent: datetime
    seconds: float
    version: int
    said: tuple[float, ...]
    came: tuple[float, ...]

    @property
    def done(self) -> datetime:
        """When the caller had the answer."""
        return self.sent + timedelta(seconds=self.seconds)


@dataclass
class Traffic:
    """Every answer so far, and what went wrong for a caller instead of one."""

    answers: list[Answer] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def flights_of(
    stack: Stack, model: str, month: str, share: float, happens: Callable[[Path], None] = lambda _: None
) -> list[Flight]:
    """The flights of a month that no model has seen, as callers ask about them, and whether each was late; `happens`
    changes the month's folder before."""
    spec = load_spec(model)
    (folder,) = land(stack.paths.state / "aside", [month], share)
    happens(folder)
    tables = {name: read_table(folder / table.file) for name, table in spec.data.tables.items()}
    code = load_code(spec.code_path)
    rows = code.rows(tables)
    known = rows[rows[spec.label].notna()]
    sent = json.loads(known[list(code.inputs)].to_json(orient="records", date_format="iso"))
    return list(zip(sent, known[spec.label].astype(float), strict=True))


@contextmanager
def callers(server: str, model: str, flights: Sequence[Flight], at_once: int = 1) -> Iterator[Traffic]:
    """Some callers ask about one flight after the other, or so many in one request, for as long as the block lasts."""
    seen, over = Traffic(), threading.Event()
    threads = [
        threading.Thread(target=_ask, args=(server, model, flights[caller::CALLERS], at_once, seen, over), daemon=True)
        for caller in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _ask(
    server: str, model: str, flights: Sequence[Flight], at_once: int, seen: Traffic, over: threading.Event
) -> None:
    waiting: deque[tuple[float, str, tuple[float, ...]]] = deque()
    asked = itertools.cycle(flights)
    with httpx.Client(base_url=server, trust_env=False, timeout=20) as client:
        while not over.wait(EVERY):
            sent, came = zip(*itertools.islice(asked, at_once), strict=True)
            try:
                at, began = datetime.now(UTC), time.monotonic()
                said = client.post("/predict", json={"model": model, "rows": sent}).raise_for_status()
                seconds, answer = time.monotonic() - began, said.json()
                seen.answers.append(Answer(at, seconds, answer["version"], tuple(answer["predictions"]), came))
                waiting.append((began + LATER, said.headers[ID], came))
                _tell(client, model, waiting)
            except (httpx.HTTPError, KeyError) as error:
                seen.failures.append(repr(error))


def _tell(client: httpx.Client, model: str, waiting: deque[tuple[float, str, tuple[float, ...]]]) -> None:
    """Tell what became of the flights whose time has come, a second's worth at once."""
    if waiting[0][0] > time.monotonic() - 1:
        return
    due = list(itertools.takewhile(lambda one: one[0] <= time.monotonic(), waiting))
    told = [{"id": id_, "row": row, "label": label} for _, id_, came in due for row, label in enumerate(came)]
    client.post("/labels", json={"model": model, "labels": told}).raise_for_status()
    for _ in due:
        waiting.popleft()
