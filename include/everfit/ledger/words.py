"""A decision as a sentence, for task logs, terminals and pages."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from everfit.ledger.entries import (
    AttemptOpened,
    BatchAccepted,
    BatchDuplicate,
    BatchQuarantined,
    Body,
    CandidateJudged,
    Deployed,
    DeploymentFailed,
    DeploymentStarted,
    ModelRegistered,
    Promoted,
    RolledBack,
    RunTriggered,
)

if TYPE_CHECKING:
    from everfit.ledger.log import Entry


def in_words(entry: Entry) -> str:
    """What was decided, in one sentence."""
    return _say(entry.body)


@singledispatch
def _say(body: Body) -> str:
    return str(body)


@_say.register
def _(body: BatchAccepted) -> str:
    batch = body.batch
    return f"batch {batch.label} accepted: {batch.rows:,} rows, sha256 {batch.sha256[:12]}"


@_say.register
def _(body: BatchQuarantined) -> str:
    more = f" (and {len(body.reasons) - 1} more)" if len(body.reasons) > 1 else ""
    return f"batch {body.partition} refused and kept in quarantine: {body.reasons[0]}{more}"


@_say.register
def _(body: BatchDuplicate) -> str:
    return f"batch {body.partition} arrived again with the same bytes as in entry {body.same_as}: nothing to do"


@_say.register
def _(body: RunTriggered) -> str:
    first, last = body.batches[0].label, body.batches[-1].label
    note = f" ({body.note})" if body.note else ""
    return f"training started because of {body.why}, by {body.by}, on {first} to {last}, snapshot {body.snapshot}{note}"


@_say.register
def _(body: CandidateJudged) -> str:
    against = f"against champion {body.champion}" if body.champion else "with no champion to compare with"
    return f"candidate judged {against}: {body.reason}"


@_say.register
def _(body: ModelRegistered) -> str:
    return f"version {body.version.version} registered: it passed its gates in entry {body.judged}"


@_say.register
def _(body: DeploymentStarted) -> str:
    return f"version {body.version} is being put on its target" + (
        f" to replace {body.champion}" if body.champion else ""
    )


@_say.register
def _(body: DeploymentFailed) -> str:
    return f"version {body.version} was not deployed: {body.reason}"


@_say.register
def _(body: Promoted) -> str:
    instead = f" instead of {body.previous}" if body.previous else ""
    return (
        f"version {body.version} is the champion{instead}: {body.checked_rows} rows answered as offline"
        f" (largest difference {body.largest_difference:.1e})"
    )


@_say.register
def _(body: RolledBack) -> str:
    return f"back to version {body.version} from {body.undone}, by {body.by}: {body.reason}"


@_say.register
def _(body: Deployed) -> str:
    return f"registry and server follow entry {body.decision}: version {body.version}"


@_say.register
def _(body: AttemptOpened) -> str:
    return f"{body.attempt} took over {body.work}"
