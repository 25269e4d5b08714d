"""Whether a training run is to start now, and why; or why not yet, and when to ask again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.ledger.entries import RetrainAsked
from everfit.ledger.words import in_words
from everfit.steps.recipe import changes
from everfit.steps.staleness import staleness
from everfit.triggers import Occasion, together

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.spec import ModelSpec
    from everfit.values import Batch

BY_ITSELF = frozenset({"schedule", "new data", "decay", "due"})
"""Who starts a run because of the spec. Whoever else does has made up their mind, and waits for nothing."""


@dataclass(frozen=True)
class Now:
    """A run is to start: because of what, in sentences without an end."""

    because: tuple[str, ...]


@dataclass(frozen=True)
class NotNow:
    """No run is to start: why, and the moment `until` which nothing but time is missing (None: more than time is)."""

    words: str
    until: datetime | None = None


def why_now(view: View, spec: ModelSpec, seen: Occasion, why: str) -> Now | NotNow:
    """Whether to train now, when somebody asks because of `why`.

    What a recall or an erasure asked for does not wait. Without anything new there is nothing to train: the same data,
    code and settings give the same model, to the byte.
    """
    asked = [entry for entry in view.of(RetrainAsked) if entry.seq in view.asked]
    if asked:
        return Now(tuple(f"entry {entry.seq}: {in_words(entry)}" for entry in asked))
    if not seen.fresh and not seen.changed:
        return NotNow("no accepted batch is new since the last run, and the model would be made as it was then")
    if why not in BY_ITSELF:
        batches = ", ".join(batch.partition for _, batch in seen.fresh)
        return Now((*([f"new: {batches}"] if batches else []), *seen.changed))
    reason = together(spec.retrain.when, seen, least=1)
    if not reason.holds:
        return NotNow(reason.words or "by itself nothing starts a run (retrain.when is empty)")
    peace = spec.retrain.peace.until([entry.at for entry in view.triggers], seen.now)
    if peace:
        until, words = peace
        return NotNow(f"{reason.words}; but {words}, until {until:%Y-%m-%d %H:%M} UTC", until)
    return Now((reason.words,))


def occasion(view: View, fresh: tuple[tuple[int, Batch], ...], made_with: Mapping[str, str], now: datetime) -> Occasion:
    """What triggers go by: the batches that are new, and what a model would be made with against the newest judged."""
    seen = Occasion(
        now,
        fresh,
        harms=tuple((look.seq, signal) for look, signal in view.decayed),
        arrived=min((view.entries[seq - 1].at for seq, _ in fresh), default=None),
    )
    last = view.newest_judged
    if last is None:
        return seen
    made = changes(last.body.recipe, made_with)
    return replace(seen, changed=made, began=last.at, staleness=staleness(view))
