"""Explains answers to callers who ask for it, beside the path of all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from anyio import CapacityLimiter, fail_after, to_thread

from everfit.predictor import Answered
from everfit.predictor.explained import Explanation, explain, explains
from everfit.serving.questions import Refusal
from everfit.serving.scoring import Rows
from everfit.serving.versions import Loaded

MOST_EXPLAINED = 100
"""Rows of a request whose answers are explained at once: that takes much longer than to answer."""


@dataclass(frozen=True)
class Explaining:
    """One request is explained at a time; who waits longer than `seconds` is told so."""

    seconds: float
    one: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))

    def check(self, loaded: Loaded, rows: Rows) -> None:
        """Refuse what will not be explained, before anything is scored: `Refusal` with 413, or `DataError`."""
        if len(rows) > MOST_EXPLAINED:
            raise Refusal(413, f"explain: found {len(rows):,} rows, at most {MOST_EXPLAINED} are explained at once")
        explains(loaded.predictor)

    async def explain(self, loaded: Loaded | None, rows: Rows, made: Answered) -> Sequence[Explanation | None]:
        """For each row what made its answer; None where the version did not answer itself, or has gone since."""
        if loaded is None:
            return [None] * len(rows)
        others = made.others or {}
        own = [place for place, answer in enumerate(made.predictions) if answer is not None and place not in others]
        looked: list[Any] = [loaded.predictor.guard.look(rows[place]).row for place in own]
        try:
            with fail_after(self.seconds):
                found = await to_thread.run_sync(
                    explain, loaded.predictor, looked, limiter=self.one, abandon_on_cancel=True
                )
        except TimeoutError as error:
            raise Refusal(504, f"no explanation within {self.seconds:g} s: ask again, or without explain") from error
        by_place = dict(zip(own, found, strict=True))
        return [by_place.get(place) for place in range(len(rows))]
