"""Brings a version to people in the stages of its spec; each call looks once, and does one thing that is due.

    DeploymentStarted   intent, with the plan: the stages as the spec had them at that moment
    (trial)             the target must answer the sample rows as the candidate did offline
    StageEntered        decision; registry, target and so the route follow; again for each stage
    (judge)             what the log of predictions says of champion and challenger since then
    Promoted            decision, as in `steps.deploy`; or DeploymentFailed, and everybody is the champion's at once

Nothing waits in here: `Standing.again` says when the clock alone makes another look worth it, and new evidence does so
at any time. A crash may come between any two steps: the next look finds what the ledger says and goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from everfit.errors import StaleHead
from everfit.ledger.entries import DeploymentFailed, DeploymentStarted, StageEntered
from everfit.ledger.reconciler import reconcile
from everfit.steps.deciding import Work, crowning, follow, followed, in_hand, promote, still_judged, try_out
from everfit.steps.stage import Judged, judged_now

if TYPE_CHECKING:
    from datetime import datetime

    from everfit.ledger import Entry, Fence, View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.values import StoredFile


@dataclass(frozen=True)
class Standing:
    """How far a rollout is: `entry` decided it last, `words` say it, `again` is when the clock changes something.

    `outcome` is `goes on`, `champion` or `stopped` (harm, or kept back: the champion stayed).
    """

    version: int
    outcome: Literal["goes on", "champion", "stopped"]
    entry: Entry
    words: str
    stage: str = ""
    again: datetime | None = None

    @property
    def done(self) -> bool:
        """Whether there is nothing more to look at."""
        return self.outcome != "goes on"


def advance(ports: Ports, spec: ModelSpec, version: int, attempt: str, progress: Progress) -> Standing:
    """Look once at the rollout of `version`, and do what is due: begin it, go on, promote, or stop it.

    `attempt` names this try (`run#try`): a later one fences it off, and what was decided in one try of a run is final
    for the others; only another run begins it anew. Errors are those of `deploy`; when the judge sees harm, or the time
    is over, that is no error but `stopped`.
    """
    ledger = ports.ledger(spec.name)
    if over := _over(ledger.view(), version, attempt):
        reconcile(spec.name, ledger, ports.registry, ports.target)
        progress(over.words)
        return over
    work = in_hand(ports, spec, version, attempt, progress, spec.stages)
    if not isinstance(work, Work):
        return _champion(work, version)
    with work.ending():
        standing = _one_thing(work) if work.plan else _champion(promote(work), version)
    if standing.outcome == "champion":
        follow(ports, spec, ledger, standing.entry, work.fence)
    return standing


def stop(ports: Ports, spec: ModelSpec, reason: str, by: str) -> Entry[DeploymentFailed] | None:
    """End the rollout that is under way, as a person wants it; None if there is none. Everybody is the champion's then.

    Errors: `Unreachable` and `DeployError` if registry or target do not follow; the same call again makes them follow.
    """
    ledger = ports.ledger(spec.name)
    at = ledger.view().stage
    if at is not None:
        stopped = DeploymentFailed(at.body.version, f"stopped by {by}: {reason}", by=by)
        ledger.append(f"failed:{at.body.intent}", stopped)
    reconcile(spec.name, ledger, ports.registry, ports.target)
    newest = ledger.view().of(DeploymentFailed)
    return newest[-1] if at is not None else None


def _one_thing(work: Work) -> Standing:
    """Begin the first stage, or judge the present one and do what follows."""
    view = work.ledger.view()
    if view.claimed(f"promoted:{work.intent.seq}") is None:
        still_judged(view, work.registered)
        if view.champion != work.intent.body.champion:
            raise StaleHead(
                f"version {work.version} was on its way to replace {work.intent.body.champion}; judge again"
            )
        if view.standing.trial != work.version:
            raise StaleHead(f"version {view.standing.trial} is on trial instead of version {work.version} by now")
    at = next(reversed(view.stages(work.intent.seq)), None)
    if at is None:
        try_out(work)
        return _enter(work, 0, "it answers as it did offline", None)
    reconcile(work.spec.name, work.ledger, work.ports.registry, work.ports.target)  # a crash may have come before
    return _as_judged(work, at, judged_now(work.ports, work.spec, view, at, work.plan))


def _as_judged(work: Work, at: Entry[StageEntered], said: Judged) -> Standing:
    """Do what the judge's word means for the stage."""
    number = at.body.number
    name = f"stage {number + 1} of {len(work.plan)}, {at.body.name}"
    if said.then == "wait":
        work.progress(f"{name}: {said.words}")
        return Standing(work.version, "goes on", at, said.words, at.body.name, said.again)
    work.progress(f"{name} is over: {said.words}")
    evidence = said.keep(work.ports)
    if said.then == "stop":
        ended = work.end(DeploymentFailed(work.version, said.words, evidence))
        return Standing(work.version, "stopped", ended, said.words)
    if number + 1 < len(work.plan):
        return _enter(work, number + 1, said.words, evidence)
    return _champion(promote(work, evidence), work.version)


def _enter(work: Work, number: int, why: str, evidence: StoredFile | None) -> Standing:
    stage, version, started = work.plan[number], work.version, work.intent.seq

    def enter(view: View) -> StageEntered:
        still_judged(view, work.registered)
        if failed := view.claimed(f"failed:{started}"):
            raise StaleHead(f"the rollout of version {version} ended in entry {failed.seq}")
        now = work.ports.clock()
        whom = stage.name, stage.share, stage.shadow, stage.key
        return StageEntered(version, started, number, *whom, now, why, evidence)

    entry = work.ledger.decide(f"stage:{started}:{number}", enter, work.fence)
    reconcile(work.spec.name, work.ledger, work.ports.registry, work.ports.target)
    words = f"stage {number + 1} of {len(work.plan)}, {stage.name}, has begun: {why}"
    work.progress(words)
    again = work.ports.clock() + stage.at_least
    return Standing(version, "goes on", entry, words, stage.name, again)


def _over(view: View, version: int, attempt: str) -> Standing | None:
    """What an earlier look of the same run ended with; or that the version is the champion, with all that follows."""
    if view.champion == version and followed(view, crowning(view)):
        return _champion(crowning(view), version)
    mine = [entry for entry in view.of(DeploymentStarted) if entry.body.version == version]
    if not mine or view.champion == version or _run(mine[-1].fence) != attempt.rpartition("#")[0]:
        return None
    failed = next((entry for entry in view.of(DeploymentFailed) if entry.key == f"failed:{mine[-1].seq}"), None)
    if failed:  # one that was overtaken may have been judged again since, and then begins anew
        return Standing(version, "stopped", failed, failed.body.reason)
    promoted = view.claimed(f"promoted:{mine[-1].seq}")
    return _champion(promoted, version) if promoted and followed(view, promoted) else None


def _run(fence: Fence | None) -> str:
    return fence.attempt.rpartition("#")[0] if fence and "#" in fence.attempt else "(none)"


def _champion(entry: Entry, version: int) -> Standing:
    return Standing(version, "champion", entry, f"version {version} is the champion (entry {entry.seq})")
