"""Answers by the model's route: deals a request to a version, falls back to the champion, has others score unseen."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from everfit.errors import DataError
from everfit.predictor import Answered
from everfit.serving.guarding import Score, guarded
from everfit.serving.keeping import Keeper
from everfit.serving.metrics import Metrics
from everfit.serving.questions import Refusal
from everfit.serving.routing import CHALLENGER, CHAMPION, dealt
from everfit.serving.scoring import Rows
from everfit.serving.shadow import Shadows
from everfit.serving.versions import Loaded, Shelf, Versions
from everfit.values import Answer


class Dealt(NamedTuple):
    """A request whose version is decided: `key` is what decided it, `noise` what its prediction's id is made of.

    A caller who named the alias (`named`) gets that version and no other.
    """

    model: str
    alias: str
    loaded: Loaded
    shelf: Shelf
    noise: bytes
    key: str = ""
    named: bool = False

    @property
    def deal(self) -> str:
        """The deal of the rollout that chose the version, as predictions have it."""
        return "" if self.named else self.shelf.route.deal

    @property
    def on_trial(self) -> bool:
        """Whether the caller got the challenger without having asked for it."""
        return self.alias == CHALLENGER and not self.named


class Given(NamedTuple):
    """What was answered, by which version under which alias, and the id under which it is kept ("" if it is not)."""

    alias: str
    version: int
    made: Answered
    id: str


@dataclass(frozen=True)
class Dealing:
    """Who answers, and what follows from it; `score` asks one version.

    A caller that names an alias gets it. Any other request goes by the route. If the challenger fails on what the
    champion can answer, the caller gets the champion's answer, and the failure is kept as the challenger's.
    """

    versions: Versions
    metrics: Metrics
    score: Score
    keeper: Keeper | None = None
    shadows: Shadows | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ship what is kept, and score in the shadow, for as long as the block lasts."""
        async with self.keeper.running() if self.keeper else nullcontext():
            with self.shadows.running() if self.shadows else nullcontext():
                yield

    def deal(self, model: str, alias: str | None, rows: Rows) -> Dealt:
        """Decide who answers; `UnknownName` if the model is not served, or nothing is loaded under the alias."""
        noise, shelf = os.urandom(8), self.versions.shelves.get(model) or Shelf()
        if alias:
            return Dealt(model, alias, self.versions.get(model, alias), shelf, noise, named=True)
        who, key = dealt(shelf.route, rows, noise)
        on_trial = shelf.routed(CHALLENGER) if who == CHALLENGER else None
        if on_trial:
            return Dealt(model, CHALLENGER, on_trial, shelf, noise, key)
        return Dealt(model, CHAMPION, self.versions.get(model, CHAMPION), shelf, noise, key)

    async def answer(self, to: Dealt, rows: Rows) -> Given:
        """Answer, keep the answer, and have it scored in the shadow where the route says so."""
        begun = time.perf_counter()
        try:
            made = await guarded(self.score, to.shelf, to.model, to.loaded, rows)
        except Refusal:
            raise  # too much is asked of this server, whichever version it is
        except Exception as error:
            seconds = time.perf_counter() - begun
            if to.on_trial:
                return await self._instead(to, rows, seconds, error)
            if not isinstance(error, DataError):
                self._failed(to, rows, seconds, error, "")
            raise
        if self.keeper is None:
            return Given(to.alias, to.loaded.version, made, "")
        took = time.perf_counter() - begun
        id_ = self._kept(to, rows, made.predictions, flags=made.flags, seconds=took, deal=to.deal, noise=to.noise)
        if id_ and self.shadows and to.shelf.route.shadows and not to.named:
            self.shadows.offer(to.shelf, to.model, to.alias, rows, id_, to.key)
        return Given(to.alias, to.loaded.version, made, id_)

    async def _instead(self, to: Dealt, rows: Rows, seconds: float, error: Exception) -> Given:
        """The champion's answer in place of the challenger's; if the champion refuses the rows too, they are wrong."""
        try:
            answered = await self.answer(self.deal(to.model, CHAMPION, rows), rows)
        except DataError:
            raise
        except Exception:
            self._failed(to, rows, seconds, error, "")
            raise
        self._failed(to, rows, seconds, error, answered.id)
        self.metrics.fallbacks.add(to.model, to.loaded.version)
        return answered

    def _failed(self, to: Dealt, rows: Rows, seconds: float, error: Exception, instead: str) -> None:
        """Keep a failure: in the shadow, as it were, of the answer that the caller got instead, if there is one."""
        said = f"{type(error).__name__}: {error}"
        self._kept(to, rows, [], seconds=seconds, error=said, deal=to.deal, noise=to.noise, shadow_of=instead)

    def _kept(self, to: Dealt, rows: Rows, answers: Sequence[Answer | None], **more: Any) -> str:
        if self.keeper is None:
            return ""
        return self.keeper.keep(to.model, to.loaded.version, to.alias, rows, answers, key=to.key, **more)
