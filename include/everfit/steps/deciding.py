"""The parts of a deployment that any rollout is made of: begin, try out, promote, follow; each done once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from everfit.errors import (
    AnsweredDifferently,
    Corrupted,
    DeployError,
    KeptBack,
    LedgerError,
    NotApproved,
    Recalled,
    StaleHead,
    UnknownName,
)
from everfit.ledger.approvals import approval, may_be_promoted
from everfit.ledger.entries import (
    Deployed,
    DeploymentFailed,
    DeploymentOvertaken,
    DeploymentStarted,
    GatesOverridden,
    ModelRegistered,
    Promoted,
    RolledBack,
)
from everfit.ledger.reconciler import reconcile
from everfit.steps.trial import put_on_trial

if TYPE_CHECKING:
    from everfit.ledger import Entry, Fence, Ledger, View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.steps.trial import Trial
    from everfit.values import Stage, StoredFile


LOOKS = 4
"""So often a version on trial is asked before it is to blame that another one answers."""


@dataclass(frozen=True)
class Work:
    """One version's way to the champion's place, in the hands of one attempt."""

    ports: Ports
    spec: ModelSpec
    ledger: Ledger
    registered: ModelRegistered
    intent: Entry[DeploymentStarted]
    fence: Fence
    progress: Progress

    @property
    def version(self) -> int:
        """The version that is deployed."""
        return self.registered.version.version

    @property
    def plan(self) -> tuple[Stage, ...]:
        """The stages that it comes in; none if it replaces the champion at once."""
        return self.intent.body.plan

    def end(self, body: DeploymentFailed | DeploymentOvertaken) -> Entry:
        """Write down that it came to nothing: everybody is the champion's again, at once."""
        entry = self.ledger.append(f"failed:{self.intent.seq}", body, fence=self.fence)
        self.progress(f"version {self.version} is stopped: {body.reason}")
        reconcile(self.spec.name, self.ledger, self.ports.registry, self.ports.target)
        return entry

    @contextmanager
    def ending(self) -> Iterator[None]:
        """End it with what goes wrong in the block; a version whose evidence is stale waits to be judged again.

        Whoever could not be reached is asked again by the next try.
        """
        try:
            yield
        except (DeployError, StaleHead, Corrupted, Recalled) as error:
            ended = DeploymentOvertaken if isinstance(error, StaleHead) else DeploymentFailed
            self.end(ended(self.version, str(error)))
            raise


def in_hand(
    ports: Ports, spec: ModelSpec, version: int, attempt: str, progress: Progress, plan: tuple[Stage, ...] = ()
) -> Work | Entry:
    """Fence off older attempts and find the open intent, or write one down; or, where the version is the champion, what
    made it that, once registry and target have followed.

    Errors: `UnknownName`, `NotApproved`, `KeptBack`, `StaleHead`, and what `follow` raises.
    """
    ledger = ports.ledger(spec.name)
    view = ledger.view()
    registered = registered_as(view, version, spec.name)
    if view.champion != version:
        agreed(spec, view, version)
        passed(view, registered)
    fence = ledger.open(f"deploy:{version}", attempt)
    if view.champion == version:
        return follow(ports, spec, ledger, crowning(view), fence)
    intent = open_intent(view, version) or begin(ledger, registered, fence, plan)
    return Work(ports, spec, ledger, registered, intent, fence, progress)


def begin(
    ledger: Ledger, registered: ModelRegistered, fence: Fence, plan: tuple[Stage, ...] = ()
) -> Entry[DeploymentStarted]:
    """Write down the intent. Its key counts: a new intent follows only one that has an outcome.

    There is nobody to compare a first version with, so it has no stages.
    """
    version = registered.version.version
    number = 1 + sum(entry.body.version == version for entry in ledger.view().of(DeploymentStarted))

    def start(view: View) -> DeploymentStarted:
        still_judged(view, registered)
        return DeploymentStarted(version, view.champion, plan if view.champion else ())

    return cast("Entry[DeploymentStarted]", ledger.decide(f"deploy:{version}:{number}", start, fence))


def promote(work: Work, evidence: StoredFile | None = None) -> Entry:
    """Put the version on trial, and make it the champion if it passes; `evidence` is what its last stage showed."""
    version, registered, view = work.version, work.registered, work.ledger.view()
    if promoted := view.claimed(f"promoted:{work.intent.seq}"):
        raise StaleHead(
            f"version {version} was promoted in entry {promoted.seq}, and entry {crowning(view).seq} made"
            f" {view.champion} the champion before registry and target had followed: deploy it anew if that is wanted"
        )
    still_judged(view, registered)
    trial = try_out(work)

    def crown(view: View) -> Promoted:
        still_judged(view, registered)
        told = trial.rows, trial.largest_difference, evidence
        return Promoted(version, view.champion, registered.judged, *told)

    decision = work.ledger.decide(f"promoted:{work.intent.seq}", crown, work.fence)
    work.progress(f"version {version} is the champion: registry and target follow")
    return decision


def try_out(work: Work) -> Trial:
    """Have the version on its target, and its answers compared with those that it gave offline."""
    work.progress(f"version {work.version} is the challenger: loading it on its target")
    trial = _tried(work, work.ledger.view().judged(work.registered.judged).sample)
    work.progress(f"{trial.rows} rows answered as offline, largest difference {trial.largest_difference:.1e}")
    return trial


def _tried(work: Work, sample: StoredFile, looks: int = LOOKS) -> Trial:
    """What the target answered; `StaleHead` if somebody put another version on trial before it had.

    Aliases have no compare-and-swap: one who reconciles slowly may bring back the challenger of before just when this
    one is asked. That is no fault of this one: all is made as the ledger says, and it is asked again.
    """
    reconcile(work.spec.name, work.ledger, work.ports.registry, work.ports.target)
    try:
        return put_on_trial(work.ports, work.spec.name, work.version, sample)
    except DeployError as error:
        other = work.ledger.view().challenger
        if other != work.version:
            raise StaleHead(
                f"version {other or 'none'} took the place of version {work.version} on trial before that had answered:"
                " one of the two is promoted; deploy the other one anew if that is wanted"
            ) from error
        if looks == 1 or isinstance(error, AnsweredDifferently):
            raise
        work.progress(f"{error}; asking again")
    return _tried(work, sample, looks - 1)


def follow(ports: Ports, spec: ModelSpec, ledger: Ledger, decision: Entry, fence: Fence | None = None) -> Entry:
    """Make registry and target follow the ledger and leave the receipt; done once for each decision."""
    body = decision.body
    if not isinstance(body, Promoted | RolledBack):
        raise LedgerError(f"entry {decision.seq} ({decision.key}) is a {decision.kind}, wanted a choice of champion")
    if not followed(ledger.view(), decision):
        reconcile(spec.name, ledger, ports.registry, ports.target)
        ledger.append(f"deployed:{decision.seq}", Deployed(body.version, decision.seq), fence=fence)
    return decision


def still_judged(view: View, registered: ModelRegistered) -> None:
    """Raise `StaleHead` unless the champion is still the one that the version was judged against."""
    judged = view.judged(registered.judged)
    if view.champion != judged.champion:
        raise StaleHead(
            f"version {registered.version.version} was judged against champion {judged.champion or 'none'}, but the"
            f" champion is {view.champion or 'none'} now: judge it again"
        )


def agreed(spec: ModelSpec, view: View, version: int) -> None:
    """Raise `NotApproved` unless people have agreed, where the spec wants them asked or they were."""
    if spec.promotion.approval and approval(view, version) is None:
        raise NotApproved(f"people have to agree before version {version} is promoted, and nobody has asked them yet")
    may_be_promoted(view, version)


def passed(view: View, registered: ModelRegistered) -> None:
    """Raise `KeptBack` if the gates said no against the champion of now, and nobody has overridden that."""
    judged = view.judged(registered.judged)
    over = {entry.body.judged for entry in view.of(GatesOverridden)}
    if not judged.promote and registered.judged not in over:
        version, champion = registered.version.version, judged.champion or "none"
        raise KeptBack(f"version {version} was judged against champion {champion} and kept back: {judged.reason}")


def registered_as(view: View, version: int, model: str) -> ModelRegistered:
    """The version, with its judgement against the champion of now if there is one; `UnknownName` if there is none."""
    found = {entry.body.version.version: entry.body for entry in view.of(ModelRegistered)}
    if version not in found:
        raise UnknownName(f"registered version of {model}", str(version), map(str, found))
    judged = view.judgement_against(view.judged(found[version].judged).run, view.champion)
    return replace(found[version], judged=judged.seq) if judged else found[version]


def open_intent(view: View, version: int) -> Entry[DeploymentStarted] | None:
    """The newest intent for the version, if it has neither failed nor been promoted and followed."""
    mine = [entry for entry in view.of(DeploymentStarted) if entry.body.version == version]
    if not mine or view.claimed(f"failed:{mine[-1].seq}"):
        return None
    promoted = view.claimed(f"promoted:{mine[-1].seq}")
    return None if promoted and followed(view, promoted) else mine[-1]


def crowning(view: View) -> Entry:
    """The decision that made the champion what it is."""
    return max((*view.of(Promoted), *view.of(RolledBack)), key=lambda entry: entry.seq)


def followed(view: View, decision: Entry) -> bool:
    """Whether registry and target have followed a choice of champion: its receipt is there."""
    return view.claimed(f"deployed:{decision.seq}") is not None
