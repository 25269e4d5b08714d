"""The web application: /predict, /models, /healthz and /metrics."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from everfit.errors import DataError, EverfitError, UnknownName, Unreachable
from everfit.ports import Clock
from everfit.serving.dealing import Dealing
from everfit.serving.keeping import Keeper, Keeping
from everfit.serving.metrics import Metrics
from everfit.serving.questions import MOST_BYTES, Question, Refusal, frame, read
from everfit.serving.routing import CHALLENGER
from everfit.serving.shadow import Shadows
from everfit.serving.telling import labels_route
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
    dealing = _dealing(settings.keeping, versions, metrics, clock)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await to_thread.run_sync(versions.look)
        looking = asyncio.create_task(_keep_looking(versions, settings.look_every))
        async with dealing.running():
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
            answer = await _answer(await to_thread.run_sync(read, body), dealing, asked)
        except (Refusal, EverfitError) as error:
            asked.status = _status(error)
            raise
        except BaseException:
            asked.status = 500
            raise
        finally:
            metrics.requests.labels(asked.model, asked.version, asked.alias, asked.status).inc()
            metrics.seconds.labels(asked.model).observe(time.perf_counter() - begun)
        return JSONResponse(answer, headers={ID: asked.id} if asked.id else None)

    app.include_router(labels_route(versions, settings.keeping, clock))

    @app.get("/healthz")
    async def healthz() -> Response:
        """What is loaded; 503 only if nothing is and something is wrong."""
        health = _health(versions, keeps=dealing.keeper is not None)
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


async def _answer(question: Question, dealing: Dealing, asked: Asked) -> dict[str, Any]:
    dealt = dealing.deal(question.model, question.alias, question.rows)
    asked.model, asked.alias, asked.version = question.model, dealt.alias, str(dealt.loaded.version)
    said = await dealing.answer(dealt, question.rows)
    asked.alias, asked.version, asked.id = said.alias, str(said.version), said.id
    dealing.metrics.answered(question.model, said.version, said.alias, said.answers)
    return {"model": question.model, "version": said.version, "alias": said.alias, "predictions": said.answers}


def _dealing(keeping: Keeping | None, versions: Versions, metrics: Metrics, clock: Clock) -> Dealing:
    scoring = partial(_in_a_thread, CapacityLimiter(os.cpu_count() or 1))
    keeper = Keeper(keeping, metrics, clock, hurry=partial(_rolls_out, versions)) if keeping else None
    return Dealing(versions, metrics, scoring, keeper, Shadows(keeper, metrics, _score) if keeper else None)


async def _in_a_thread(limiter: CapacityLimiter, loaded: Loaded, rows: Sequence[Mapping[str, Any]]) -> list[Answer]:
    return await to_thread.run_sync(_score, loaded, rows, limiter=limiter)


def _score(loaded: Loaded, rows: Sequence[Mapping[str, Any]]) -> list[Answer]:
    try:
        return loaded.predictor.answers(frame(rows, loaded.predictor.inputs))
    except OverflowError as error:
        raise DataError(f"a number in the rows is too large: {error}") from error


def _rolls_out(versions: Versions) -> bool:
    routes = [shelf.route for shelf in versions.shelves.values()]
    return any(route.challenger and (route.share or CHALLENGER in route.shadows) for route in routes)


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


def _health(versions: Versions, *, keeps: bool) -> dict[str, Any]:
    shelves = versions.shelves
    waiting = sorted(name for name, shelf in shelves.items() if "champion" not in shelf.by_alias)
    problems = {name: shelf.problem for name, shelf in shelves.items() if shelf.problem}
    blind = [name for name, shelf in shelves.items() if shelf.route.shadows or shelf.route.share] if not keeps else []
    said = "is being rolled out, and nobody can judge it: predictions are not kept (--keep-predictions 1)"
    problems |= {name: "; ".join(filter(None, [problems.get(name), said])) for name in blind}
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
    if shelf.route.deal:
        said["route"] = {"share": shelf.route.share, "key": shelf.route.key, "shadows": list(shelf.route.shadows)}
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
