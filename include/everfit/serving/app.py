"""The web application: /predict, /models, /healthz and /metrics."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from everfit.errors import EverfitError
from everfit.ports import Clock
from everfit.serving.asgi import App
from everfit.serving.batching import Batcher, Limits
from everfit.serving.bounds import Bounds
from everfit.serving.checking import Checking
from everfit.serving.dealing import Dealing
from everfit.serving.explaining import Explaining
from everfit.serving.front import PATH, Front, body_of
from everfit.serving.guarding import Score, unseen
from everfit.serving.keeping import Keeper, Keeping
from everfit.serving.metrics import Metrics
from everfit.serving.openapi import describe
from everfit.serving.predicting import Predicting, Ways, refusal
from everfit.serving.questions import Refusal, misread
from everfit.serving.routing import CHALLENGER
from everfit.serving.shadow import Shadows
from everfit.serving.telling import labels_route
from everfit.serving.versions import USUAL, Shelf, Source, Versions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """Which registry to follow, and which of its models to serve (none named: all registered ones).

    `look_every` is the number of seconds between two looks at the aliases. `keeping` says how answers are kept, if so.
    `limits` are those of scoring that is too slow for the event loop, `bounds` those of loading a version.
    """

    source: Source
    models: tuple[str, ...] = ()
    look_every: float = 5
    keeping: Keeping | None = None
    limits: Limits = field(default_factory=lambda: Limits(os.cpu_count() or 1))
    bounds: Bounds = USUAL
    metrics: Metrics = field(default_factory=Metrics)


def create_app(settings: Settings, clock: Clock) -> App:
    """The model server as an ASGI application: predictions in front, and FastAPI for what people see.

    It starts, and goes on serving what it has, while the registry is away. What takes its time is scored by threads, so
    that /healthz answers under load.
    """
    versions = Versions(settings.source, settings.models, settings.bounds)
    metrics = settings.metrics
    batcher = Batcher(settings.limits)
    score = Ways(metrics, batcher, Checking(metrics)).score
    dealing = _dealing(settings.keeping, versions, metrics, score, clock)
    predicting = Predicting(metrics, dealing, Explaining(settings.limits.seconds))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await to_thread.run_sync(versions.look)
        gc.collect()
        gc.freeze()  # what is loaded stays: the collector need not look at it again and again
        looking = asyncio.create_task(_keep_looking(versions, settings.look_every))
        async with dealing.running():
            yield
        batcher.close()
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking

    app = FastAPI(title="everfit model server", lifespan=life)
    describe(app, lambda: versions.shelves)
    app.add_exception_handler(Refusal, _refuse)
    app.add_exception_handler(EverfitError, _refuse)
    app.add_exception_handler(RequestValidationError, _misread)

    @app.post(PATH)
    async def predict(request: Request) -> Response:
        """One answer per row: a number (a probability for a binary task), or one per class or quantile by its name."""
        begun = time.perf_counter()  # the door answers before this, unless the server is mounted below another path
        reply = await predicting.reply(await body_of(request.receive), begun)
        return Response(reply.body, reply.status, dict(reply.headers), "application/json")

    app.include_router(labels_route(versions, settings.keeping, clock))

    @app.get("/healthz")
    async def healthz() -> Response:
        """What is loaded; 503 only if nothing is and something is wrong."""
        health = _health(versions, keeps=dealing.keeper is not None)
        return JSONResponse(health, status_code=503 if health["status"] == "cannot serve" else 200)

    @app.get("/models")
    async def models() -> dict[str, Any]:
        """Each model with its loaded versions, who answers which part of the requests and who scores unseen, and the
        inputs that its champion wants."""
        return {name: _describe(shelf, keeps=dealing.keeper is not None) for name, shelf in versions.shelves.items()}

    @app.post("/models/{model}/refresh")
    async def refresh(model: str) -> dict[str, Any]:
        """Follow the registry's aliases now; answers with alias to loaded version."""
        return {"model": model, "aliases": await to_thread.run_sync(versions.follow, model)}

    @app.get("/metrics")
    async def page() -> Response:
        """Counters for Prometheus."""
        loaded = {name: shelf.numbers for name, shelf in versions.shelves.items()}
        metrics.queue.set(batcher.waiting)
        return Response(
            metrics.page(loaded, _problems(versions)), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    return Front(predicting, app)


def _dealing(keeping: Keeping | None, versions: Versions, metrics: Metrics, score: Score, clock: Clock) -> Dealing:
    keeper = Keeper(keeping, metrics, clock, hurry=partial(_rolls_out, versions)) if keeping else None
    return Dealing(versions, metrics, score, keeper, Shadows(keeper, metrics, unseen) if keeper else None)


def _rolls_out(versions: Versions) -> bool:
    routes = [shelf.route for shelf in versions.shelves.values()]
    return any(route.challenger and (route.share or CHALLENGER in route.shadows) for route in routes)


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
    problems = _problems(versions)
    blind = [name for name, shelf in shelves.items() if shelf.route.shadows or shelf.route.share] if not keeps else []
    said = "is being rolled out, and nobody can judge it: predictions are not kept (--keep-predictions 1)"
    problems |= {name: "; ".join(filter(None, [problems.get(name), said])) for name in blind}
    if problems and not any(shelf.by_alias for shelf in shelves.values()):
        status = "cannot serve"
    elif not shelves:
        status = "no model is registered yet"
    else:
        status = f"no champion yet: {', '.join(waiting)}" if waiting else "ok"
    models = {name: shelf.numbers for name, shelf in shelves.items()}
    return {"status": status, "models": models, "problems": problems}


def _problems(versions: Versions) -> dict[str, str]:
    problems = {name: problem for name, shelf in versions.shelves.items() if (problem := shelf.all_problems)}
    return problems | ({"registry": versions.away} if versions.away else {})


def _describe(shelf: Shelf, *, keeps: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"aliases": shelf.numbers}
    if shelf.route.share or shelf.route.shadows:
        unseen = [alias for alias in shelf.route.shadows if keeps and shelf.routed(alias)]
        said["route"] = {"answering": shelf.answering, "key": shelf.route.key, "shadows": unseen}
    if champion := shelf.by_alias.get("champion"):
        card = champion.predictor.card
        said |= {"task": card.task, "label": card.label, "snapshot": card.snapshot}
        if card.scores:
            said["scores"] = card.scores
        said["way"] = champion.way.words
        said["inputs"] = {column.name: column.kind for column in card.inputs.inputs}
    return said


async def _refuse(_: Request, error: Exception) -> Response:
    reply = refusal(error)
    return Response(reply.body, reply.status, dict(reply.headers), "application/json")


async def _misread(request: Request, error: Exception) -> Response:
    """A body that FastAPI has read, in our words."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    return await _refuse(request, misread(found, 1))  # FastAPI's places begin with "body"
