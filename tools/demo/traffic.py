"""Callers of the model server: they ask about real flights, and tell later what became of each."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from everfit.serving.predicting import ID

A_SECOND = 25


@dataclass
class Traffic:
    """What was asked and answered so far, by version."""

    answers: dict[int, int] = field(default_factory=dict)
    failed: int = 0

    @property
    def asked(self) -> int:
        """How many requests there were."""
        return sum(self.answers.values()) + self.failed


@contextmanager
def callers(server: str, model: str, flights: Sequence[tuple[Mapping[str, Any], float]]) -> Iterator[Traffic]:
    """Ask about one flight after the other, so many a second, for as long as the block lasts.

    Nobody is answered before there is a champion; that is not counted as a failure.
    """
    seen, over = Traffic(), threading.Event()
    thread = threading.Thread(target=_ask, args=(server, model, flights, seen, over), daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _ask(server: str, model: str, flights: Sequence[tuple[Mapping[str, Any], float]], seen: Traffic, over: Any) -> None:
    with httpx.Client(base_url=server, trust_env=False, timeout=20) as client:
        for row, late in itertools.cycle(flights):
            if over.wait(1 / A_SECOND):
                return
            try:
                said = client.post("/predict", json={"model": model, "rows": [row]})
                said.raise_for_status()
                version = said.json()["version"]
                seen.answers[version] = seen.answers.get(version, 0) + 1
                label = {"id": said.headers[ID], "label": late}
                client.post("/labels", json={"model": model, "labels": [label]}).raise_for_status()
            except (httpx.HTTPError, KeyError):
                seen.failed += bool(seen.answers)
                time.sleep(0.2)


def as_asked(rows: Any, inputs: Sequence[str], label: str) -> list[tuple[Mapping[str, Any], float]]:
    """Labelled rows of a model as callers send them, with what became of each."""
    known = rows[rows[label].notna()]
    sent = json.loads(known[list(inputs)].to_json(orient="records", date_format="iso"))
    return list(zip(sent, known[label].astype(float), strict=True))
