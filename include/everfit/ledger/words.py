"""A decision as a sentence, for task logs, terminals and pages."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from everfit.ledger.entries import (
    AlertDue,
    Alerted,
    AlertSilenced,
    ApprovalAsked,
    ApprovalGiven,
    ApprovalLapsed,
    AttemptOpened,
    BaselineChanged,
    BatchAccepted,
    BatchDuplicate,
    BatchLate,
    BatchQuarantined,
    BatchRecalled,
    BatchScored,
    Body,
    BytesDeleted,
    CandidateJudged,
    Deployed,
    DeploymentFailed,
    DeploymentOvertaken,
    DeploymentStarted,
    EvidenceSigned,
    GatesOverridden,
    ModelRegistered,
    Monitored,
    PointersPublished,
    Promoted,
    RetrainAsked,
    RollbackRehearsed,
    RolledBack,
    RowsErased,
    RunTriggered,
    ScoringRefused,
    StageEntered,
)
from everfit.values import Outcome

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
    without = sum(withheld.rows for withheld in body.withheld)
    left_out = f" ({without:,} bad rows withheld)" if without else ""
    return f"batch {batch.label} accepted: {batch.rows:,} rows{left_out}, sha256 {batch.sha256[:12]}"


@_say.register
def _(body: BatchQuarantined) -> str:
    more = f" (and {len(body.reasons) - 1} more)" if len(body.reasons) > 1 else ""
    return f"batch {body.partition} refused and kept in quarantine: {body.reasons[0]}{more}"


@_say.register
def _(body: BatchDuplicate) -> str:
    return f"batch {body.partition} arrived again with the same bytes as in entry {body.same_as}: nothing to do"


@_say.register
def _(body: BatchLate) -> str:
    return f"batch {body.partition} is late: {body.lacks}, since {body.since:%Y-%m-%d %H:%M} UTC"


@_say.register
def _(body: BatchRecalled) -> str:
    touched = f"; it touches {_versions(body.versions)}" if body.versions else "; no model knows it"
    return f"batch {body.partition} recalled by {body.by}: {body.reason}{touched}"


@_say.register
def _(body: RowsErased) -> str:
    touched = f"; it touches {_versions(body.versions)}" if body.versions else "; no model knows them"
    return (
        f"{body.rows:,} rows of {body.table} erased by {body.column} from {len(body.batches)} batches, by {body.by}: "
        f"{body.reason}{touched}"
    )


@_say.register
def _(body: RetrainAsked) -> str:
    return f"a new training run is asked for, by {body.by}: {body.why}"


@_say.register
def _(body: BaselineChanged) -> str:
    learnt = f", learnt from {', '.join(body.learnt_from)}" if body.learnt_from else ""
    return f"expectations on {', '.join(body.suites)} are the baseline from here on, by {body.by}{learnt}: {body.note}"


@_say.register
def _(body: BytesDeleted) -> str:
    return f"{body.files:,} files ({body.bytes / 1e6:,.1f} MB) of {len(body.batches)} batches were deleted"


@_say.register
def _(body: PointersPublished) -> str:
    return f"pointers to all batches up to entry {body.upto} are in git revision {body.revision[:12]}"


@_say.register
def _(body: RunTriggered) -> str:
    first, last = body.batches[0].label, body.batches[-1].label
    note = f" ({body.note})" if body.note else ""
    because = f" ({'; '.join(body.because)})" if body.because else ""
    return (
        f"training started because of {body.why}{because}, by {body.by}, on {first} to {last}, snapshot {body.snapshot}"
        f"{note}"
    )


@_say.register
def _(body: CandidateJudged) -> str:
    against = f"against champion {body.champion}" if body.champion else "with no champion to compare with"
    return f"candidate judged {against}: {body.reason}"


@_say.register
def _(body: GatesOverridden) -> str:
    return f"run {body.run} may be promoted AGAINST THE GATES of entry {body.judged}, by {body.by}: {body.reason}"


@_say.register
def _(body: ApprovalAsked) -> str:
    who = " or ".join(body.people) or "anybody"
    many = "two different people of " if body.four_eyes else ""
    until = ""
    if body.until:
        until = f" until {body.until:%Y-%m-%d %H:%M} UTC, else {body.otherwise.replace('_', ' ')}"
    return f"version {body.version} needs approval by {many}{who}{until}"


@_say.register
def _(body: ApprovalGiven) -> str:
    said = "approved" if body.approved else "rejected"
    why = f": {body.reason}" if body.reason else ""
    return f"version {body.version} {said} by {body.by} ({body.where}){why}"


@_say.register
def _(body: ApprovalLapsed) -> str:
    then = "promoted" if body.promote else "kept back"
    return f"nobody decided on version {body.version} in time: it is {then}, as declared"


@_say.register
def _(body: EvidenceSigned) -> str:
    return f"the evidence for version {body.version} is signed with key {body.key[:12]}: {body.bundle.key}"


@_say.register
def _(body: ModelRegistered) -> str:
    return f"version {body.version.version} registered: judged in entry {body.judged}"


@_say.register
def _(body: StageEntered) -> str:
    return f"version {body.version} enters stage {body.number}, {body.name}: {body.why}"


@_say.register
def _(body: DeploymentStarted) -> str:
    return f"version {body.version} is being put on its target" + (
        f" to replace {body.champion}" if body.champion else ""
    )


@_say.register
def _(body: DeploymentFailed) -> str:
    return f"version {body.version} was not deployed: {body.reason}"


@_say.register
def _(body: DeploymentOvertaken) -> str:
    return f"version {body.version} was overtaken and waits on: {body.reason}"


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
def _(body: RollbackRehearsed) -> str:
    found = "rehearsed" if body.ok else "rehearsed, and it WOULD FAIL"
    return f"going back to version {body.version} was {found} ({body.seconds:.1f} s): {body.reason}"


@_say.register
def _(body: Deployed) -> str:
    return f"registry and server follow entry {body.decision}: version {body.version}"


@_say.register
def _(body: BatchScored) -> str:
    by = f"version {body.version}"
    if body.challenger:
        by = f"versions {body.version} and {body.challenger} ({body.challenged:,} rows)"
    shadows = f"; {_versions(tuple(body.shadows))} in the shadow" if body.shadows else ""
    less = [f"{body.withheld:,} bad rows withheld"] * (body.withheld > 0)
    less += [f"{body.unanswered:,} without an answer"] * (body.unanswered > 0)
    without = f" ({', '.join(less)})" if less else ""
    return f"batch {body.partition} scored by {by}: {body.rows:,} rows{without} in {body.file.key}{shadows}"


@_say.register
def _(body: ScoringRefused) -> str:
    more = f" (and {len(body.reasons) - 1} more)" if len(body.reasons) > 1 else ""
    return f"batch {body.partition} was not scored: {body.reasons[0]}{more}"


@_say.register
def _(body: Monitored) -> str:
    seen = f"version {body.version}, {body.rows:,} rows up to {body.until:%Y-%m-%d}"
    if body.harmful:
        return f"{seen}: {', '.join(signal.monitor for signal in body.harmful)} found harm; {body.why}"
    sure = sum(signal.outcome is Outcome.PASSED for signal in body.signals)
    return f"{seen}: no harm found; {sure} of {len(body.signals)} monitors could tell"


@_say.register
def _(body: AlertDue) -> str:
    about = ", ".join(f"{told.incident} ({told.news})" for told in body.told)
    return f"a message is due to {body.channel}: {about}"


@_say.register
def _(body: Alerted) -> str:
    return f"{body.channel} took the message of entry {body.due}"


@_say.register
def _(body: AlertSilenced) -> str:
    return f"nobody is reminded of {body.incident} any more, by {body.by}: {body.reason}"


@_say.register
def _(body: AttemptOpened) -> str:
    return f"{body.attempt} took over {body.work}"


def _versions(versions: tuple[int, ...]) -> str:
    return f"version{'s' * (len(versions) > 1)} {', '.join(map(str, versions))}"
