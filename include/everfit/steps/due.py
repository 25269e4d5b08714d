"""Whether a run is due that nothing has started: because time has passed, or the model's folder has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.steps.recipe import recipe
from everfit.steps.snapshot import unused_batches
from everfit.steps.why_now import Now, occasion, why_now
from everfit.steps.window import choose

if TYPE_CHECKING:
    from datetime import datetime

    from everfit.ledger import View
    from everfit.spec import ModelSpec


def due(view: View, spec: ModelSpec, now: datetime) -> tuple[str, ...]:
    """Why a run is due; nothing if none is, or if the newest run has begun with all that speaks for it.

    A run that died is made up for by the next one, as ever: to start it again and again would only fail more often.
    """
    if len(choose(spec.window, view.batches)) < spec.window.at_least:
        return ()
    fresh, made_with = unused_batches(view, spec.window), recipe(spec)
    found = why_now(view, spec, occasion(view, fresh, made_with, now), "due")
    if not isinstance(found, Now):
        return ()
    newest = view.triggers[-1] if view.triggers else None
    if newest is None or newest.body.run in view.judged_runs:
        return found.because
    wishes = {*view.asked, *(look.seq for look, _ in view.decayed)}
    taken = {batch for _, batch in fresh} <= {*newest.body.batches} and wishes <= {*newest.body.consumed}
    begun = taken and newest.body.recipe == made_with
    return () if begun else found.because
