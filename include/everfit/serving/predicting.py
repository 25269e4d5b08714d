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
from everfit.serving.keeping import Keeper
from everfit.serving.metrics import Metrics
from everfit.serving.questions import Ask, Refusal, read
from everfit.serving.scoring import PANDAS, QUICK, quickly
from everfit.serving.versions import Loaded, Versions
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

    versions: Versions
    metrics: Metrics
    keeper: Keeper | None
    batcher: Batcher
    checking: Checking

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
        loaded = self.versions.get(question.model, question.alias)  # who answers whom is decided here
        asked.model, asked.alias, asked.version = question.model, question.alias, loaded.version
        answers = await self._scores(loaded, question)  # what may be asked and answered is guarded here
        self.metrics.answered(question.model, loaded.version, question.alias, answers)
        self.metrics.sure(question.model, loaded.version, loaded.predictor.card.task, answers)
        if self.keeper:
            asked.id = self.keeper.keep(question.model, loaded.version, question.alias, question.rows, answers)
        said = {"model": question.model, "version": loaded.version, "alias": question.alias, "predictions": answers}
        return Reply(200, orjson.dumps(said), {ID: asked.id} if asked.id else {})

    async def _scores(self, loaded: Loaded, question: Ask) -> list[Answer]:
        """On the loop where that is quick, else in a thread."""
        quick, rows = loaded.way.quick, question.rows
        if quick is not None and quick.seconds * len(rows) <= AT_ONCE:
            answers = quickly(loaded, rows)
            if answers is not None:
                self.metrics.ways.add(question.model, loaded.version, QUICK)
                self.checking.look(question.model, loaded, rows, answers)
                return answers
        answers = await self.batcher.score(loaded, rows)
        self.metrics.ways.add(question.model, loaded.version, QUICK if loaded.way.quick else PANDAS)
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
