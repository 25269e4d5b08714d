"""What a version answers to rows that may be odd: the policy that it was trained under says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from anyio import to_thread

from everfit.predictor import Answered, Looked, answer, stand_in
from everfit.serving.scoring import Rows, either
from everfit.serving.versions import Loaded, Shelf
from everfit.values import Answer

Score = Callable[[str, Loaded, Rows], Awaitable[list[Answer]]]


async def guarded(score: Score, shelf: Shelf, model: str, loaded: Loaded, rows: Rows) -> Answered:
    """The answer to a request: the version's own, or what its policy puts in that place."""
    looked = Looked.at(loaded.predictor.guard, rows)
    asked = looked.asked
    if looked.usual:
        return Answered(await score(model, loaded, asked))
    settled = looked.settled(await score(model, loaded, asked) if asked else [])
    before = shelf.by_alias.get("previous") if settled.waiting else None
    if before is None or before.version == loaded.version:
        return settled.whole()
    waiting = [rows[place] for place in settled.waiting]
    predictor = before.predictor
    return settled.whole(
        before.version, await to_thread.run_sync(stand_in, predictor.guard, waiting, predictor.answers_to)
    )


def unseen(loaded: Loaded, rows: Rows) -> Sequence[Answer | None]:
    """The version's own answers, in the thread that asks: for the shadow, where nobody waits and nobody stands in."""
    return answer(loaded.predictor.guard, rows, lambda asked: either(loaded, asked)).predictions
