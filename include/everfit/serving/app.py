"""The web application: /predict, /models, /healthz and /metrics."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from everfit.errors import DataError, EverfitError, UnknownName, Unreachable
from everfit.ports import Clock
from everfit.predictor import answer, stand_in
from everfit.serving.keeping import Keeper, Keeping
from everfit.serving.metrics import Metrics
from everfit.serving.questions import MOST_BYTES, Question, Refusal, read
from everfit.serving.versions import Loaded, Source, Versions
from everfit.values import Answer

log = logging.getLogger(__name__)

ID = "X-Everfit-Prediction"
"""The header of an answer that is kept: the id under which `everfit.predictions.find` gives it back."""


@dataclass(frozen=True)
class Settings:
    """Which registry to follow, and which of its models to serve (none named: all registered ones).

    `look_every` is the number of seconds between two looks at the aliases. `keeping` says how answers are kept, if so.
    """

    source: Source
    models: tuple[str, ...] = ()
    look_every: float = 5
    keeping: Keeping | None = None


def create_app(settings: Settings, clock: Clock) -> FastAPI:
    """The model server as an ASGI application.

    It starts, and goes on serving what it has, while the registry is away. Predictions run on a pool of threads, one
    per core, so that /healthz answers under load.
    """
    versions = Versions(settings.source, settings.models)
    metrics = Metrics()
    keeper = Keeper(settings.keeping, metrics, clock) if settings.keeping else None
    scoring = CapacityLimiter(os.cpu_count() or 1)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await to_thread.run_sync(versions.look)
        looking = asyncio.create_task(_keep_looking(versions, settings.look_every))
        async with keeper.running() if keeper else nullcontext():
            yield
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking

    app = FastAPI(title="everfit model server", lifespan=life)
    app.add_exception_handler(Refusal, _refuse)
    app.add_exception_handler(EverfitError, _refuse)
    schema = {"requestBody": {"content": {"application/json": {"schema": Question.model_json_schema()}}}}

    @app.post("/predict", openapi_extra=schema)
    async def predict(request: Request) -> Response:
        """One answer per row: a number (a probability for a binary task), or one per class or quantile by its name."""
        begun = time.perf_counter()
        asked = Asked()
        try:
            body = await _body(request)
            said = await to_thread.run_sync(_answer, body, versions, metrics, keeper, asked, limiter=scoring)
        except (Refusal, EverfitError) as error:
            asked.status = _status(error)
            raise
        except BaseException:
            asked.status = 500
            raise
        finally:
            metrics.requests.labels(asked.model, asked.version, asked.alias, asked.status).inc()
            metrics.seconds.labels(asked.model).observe(time.perf_counter() - begun)
        return JSONResponse(said, headers={ID: asked.id} if asked.id else None)

    @app.get("/healthz")
    async def healthz() -> Response:
        """What is loaded; 503 only if nothing is and something is wrong."""
        health = _health(versions)
        return JSONResponse(health, status_code=503 if health["status"] == "cannot serve" else 200)

    @app.get("/models")
    async def models() -> dict[str, Any]:
        """Each model with its loaded versions and the inputs that its champion wants."""
        return {name: _describe(versions, name) for name in versions.shelves}

    @app.post("/models/{model}/refresh")
    async def refresh(model: str) -> dict[str, Any]:
        """Follow the registry's aliases now; answers with alias to loaded version."""
        return {"model": model, "aliases": await to_thread.run_sync(versions.follow, model)}

    @app.get("/metrics")
    async def page() -> Response:
        """Counters for Prometheus."""
        loaded = {name: shelf.numbers for name, shelf in versions.shelves.items()}
        return Response(metrics.page(loaded), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


@dataclass
class Asked:
    """What became of one request, as far as it is known: the labels of its counters, and the id of a kept answer."""

    model: str = ""
    version: str = ""
    alias: str = ""
    status: int = 200
    id: str = ""


def _answer(body: bytes, versions: Versions, metrics: Metrics, keeper: Keeper | None, asked: Asked) -> dict[str, Any]:
    question = read(body)
    loaded = versions.get(question.model, question.alias)
    asked.model, asked.alias, asked.version = question.model, question.alias, str(loaded.version)
    by = loaded.predictor
    made = answer(by.guard, question.rows, by.answers_to, partial(_previous, versions, question.model, loaded))
    answers = [one for one in made.predictions if one is not None]
    metrics.answered(question.model, loaded.version, question.alias, answers)
    if keeper:
        asked.id = keeper.keep(
            question.model, loaded.version, question.alias, question.rows, made.predictions, made.flags
        )
    named = {"model": question.model, "version": loaded.version, "alias": question.alias}
    return {**named, **made.said(loaded.version)}


def _previous(
    versions: Versions, model: str, asked: Loaded, rows: Sequence[Mapping[str, Any]]
) -> tuple[int, Sequence[Answer | None]] | None:
    """What the champion before says to these rows; None if it is not here, or is the one that was asked."""
    shelf = versions.shelves.get(model)
    before = shelf.by_alias.get("previous") if shelf else None
    if before is None or before.version == asked.version:
        return None
    return before.version, stand_in(before.predictor.guard, rows, before.predictor.answers_to)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refusal(413, f"the body is larger than {MOST_BYTES:,} bytes: ask in parts")
    return bytes(body)


async def _keep_looking(versions: Versions, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await to_thread.run_sync(versions.look)
        except (EverfitError, OSError):
            log.exception("the look at the aliases failed; what is loaded stays, the next look comes in %s s", every)


def _health(versions: Versions) -> dict[str, Any]:
    shelves = versions.shelves
    waiting = sorted(name for name, shelf in shelves.items() if "champion" not in shelf.by_alias)
    problems = {name: shelf.problem for name, shelf in shelves.items() if shelf.problem}
    if versions.away:
        problems["registry"] = versions.away
    if problems and not any(shelf.by_alias for shelf in shelves.values()):
        status = "cannot serve"
    elif not shelves:
        status = "no model is registered yet"
    else:
        status = f"no champion yet: {', '.join(waiting)}" if waiting else "ok"
    models = {name: shelf.numbers for name, shelf in shelves.items()}
    return {"status": status, "models": models, "problems": problems}


def _describe(versions: Versions, name: str) -> dict[str, Any]:
    shelf = versions.shelves[name]
    said: dict[str, Any] = {"aliases": shelf.numbers}
    if champion := shelf.by_alias.get("champion"):
        card = champion.predictor.card
        said |= {"task": card.task, "label": card.label, "snapshot": card.snapshot}
        if card.scores:
            said["scores"] = card.scores
        said["inputs"] = {column.name: column.kind for column in card.inputs.inputs}
    return said


async def _refuse(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=_status(error))


def _status(error: Exception) -> int:
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
