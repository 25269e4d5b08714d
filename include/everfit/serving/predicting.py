"""From the body of a request to the body of its answer: one function that reads like the way a request goes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import orjson

from everfit.errors import DataError, EverfitError, UnknownName, Unreachable
from everfit.serving.batching import Batcher
from everfit.serving.checking import Checking
from everfit.serving.dealing import Dealing
from everfit.serving.explaining import Explaining
from everfit.serving.metrics import Metrics
from everfit.serving.questions import Ask, Refusal, read
from everfit.serving.scoring import PANDAS, QUICK, Rows, quickly
from everfit.serving.versions import Loaded
from everfit.values import Answer

log = logging.getLogger(__name__)

ID = "X-Everfit-Prediction"
"""The header of an answer that is kept: the id under which `everfit.predictions.find` gives it back."""

AT_ONCE = 0.001
"""Seconds that scoring may hold up the event loop: what takes longer goes to a thread."""


class Reply(NamedTuple):
    """A status, a body of JSON, and headers beyond its type and length."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class Asked:
    """What became of one request, as far as it is known: the labels of its counters, and the id of a kept answer."""

    begun: float
    model: str = ""
    version: int | str = ""
    alias: str = ""
    status: int = 200
    id: str = ""


@dataclass(frozen=True)
class Predicting:
    """Answers requests for predictions, on one event loop."""

    metrics: Metrics
    dealing: Dealing
    explaining: Explaining

    async def reply(self, body: bytes, begun: float) -> Reply:
        """The answer to a request that began at `begun` (`time.perf_counter`), counted, and kept if any are."""
        asked = Asked(begun)
        try:
            return await self._answer(read(body), asked)
        except (Refusal, EverfitError) as error:
            asked.status = status_of(error)
            return refusal(error)
        except BaseException:
            asked.status = 500
            raise
        finally:
            self.count(asked)

    def count(self, asked: Asked) -> None:
        """Count one request, whatever became of it."""
        self.metrics.requests.add(asked.model, asked.version, asked.alias, asked.status)
        self.metrics.seconds.add(perf_counter() - asked.begun, asked.model, asked.version, asked.alias)

    async def _answer(self, question: Ask, asked: Asked) -> Reply:
        dealt = self.dealing.deal(question.model, question.alias, question.rows)  # who answers whom is decided here
        asked.model, asked.alias, asked.version = question.model, dealt.alias, dealt.loaded.version
        if question.explain:
            self.explaining.check(dealt.loaded, question.rows)
        found = await self.dealing.answer(dealt, question.rows)  # what may be asked and answered is guarded here
        asked.alias, asked.version, asked.id = found.alias, found.version, found.id
        task = dealt.loaded.predictor.card.task
        self.metrics.said(question.model, found.version, found.alias, task, found.made.predictions, found.made.flags)
        named = {"model": question.model, "version": found.version, "alias": found.alias}
        said = {**named, **found.made.said(found.version)}
        if question.explain:
            by = next((one for one in dealt.shelf.by_alias.values() if one.version == found.version), None)
            said["explanations"] = await self.explaining.explain(by, question.rows, found.made)
        return Reply(200, orjson.dumps(said), {ID: found.id} if found.id else {})


@dataclass(frozen=True)
class Ways:
    """Scores on the event loop where that is quick, else in a thread."""

    metrics: Metrics
    batcher: Batcher
    checking: Checking

    async def score(self, model: str, loaded: Loaded, rows: Rows) -> list[Answer]:
        """The answers of one version."""
        quick = loaded.way.quick
        if quick is not None and quick.seconds * len(rows) <= AT_ONCE:
            answers = quickly(loaded, rows)
            if answers is not None:
                self.metrics.ways.add(model, loaded.version, QUICK)
                self.checking.look(model, loaded, rows, answers)
                return answers
        answers = await self.batcher.score(loaded, rows)
        self.metrics.ways.add(model, loaded.version, QUICK if loaded.way.quick else PANDAS)
        return answers


def refusal(error: Exception) -> Reply:
    """What a caller is told of an error."""
    said: dict[str, Any] = {"error": str(error)}
    wait = getattr(error, "retry_after", None)
    return Reply(status_of(error), orjson.dumps(said), {"Retry-After": str(wait)} if wait else {})


def status_of(error: Exception) -> int:
    """Whose fault an error is, in HTTP's terms."""
    match error:
        case Refusal():
            return error.status
        case UnknownName():
            return 404
        case DataError():
            return 422
        case Unreachable():
            return 503
        case _:  # the version, or the team's code in it, is at fault: not the caller
            return 502
