"""The parts of a deployment that any rollout is made of: begin, try out, promote, follow; each done once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from everfit.errors import DeployError, KeptBack, LedgerError, NotApproved, StaleHead, UnknownName
from everfit.ledger.approvals import approval, may_be_promoted
from everfit.ledger.entries import Deployed, DeploymentStarted, GatesOverridden, ModelRegistered, Promoted, RolledBack
from everfit.ledger.reconciler import reconcile
from everfit.steps.trial import AnsweredDifferently, put_on_trial

if TYPE_CHECKING:
    from everfit.ledger import Entry, Fence, Ledger, View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.steps.trial import Trial
    from everfit.values import Stage, StoredFile


LOOKS = 4
"""So often a version on trial is asked before it is to blame that another one answers."""


def begin(ledger: Ledger, registered: ModelRegistered, fence: Fence, plan: tuple[Stage, ...] = ()) -> int:
    """Write down the intent; returns its entry. Its key counts: a new intent follows only one that has an outcome.

    There is nobody to compare a first version with, so it has no stages.
    """
    version = registered.version.version
    number = 1 + sum(entry.body.version == version for entry in ledger.view().of(DeploymentStarted))

    def start(view: View) -> DeploymentStarted:
        still_judged(view, registered)
        return DeploymentStarted(version, view.champion, plan if view.champion else ())

    return ledger.decide(f"deploy:{version}:{number}", start, fence).seq


def promote(
    ports: Ports,
    ledger: Ledger,
    registered: ModelRegistered,
    intent: int,
    progress: Progress,
    fence: Fence,
    evidence: StoredFile | None = None,
) -> Entry:
    """Put the version on trial, and make it the champion if it passes; `evidence` is what its last stage showed."""
    version, view = registered.version.version, ledger.view()
    if promoted := view.claimed(f"promoted:{intent}"):
        raise StaleHead(
            f"version {version} was promoted in entry {promoted.seq}, and entry {crowning(view).seq} made"
            f" {view.champion} the champion before registry and target had followed: deploy it anew if that is wanted"
        )
    still_judged(view, registered)
    trial = try_out(ports, ledger, registered, progress)

    def crown(view: View) -> Promoted:
        still_judged(view, registered)
        told = trial.rows, trial.largest_difference, evidence
        return Promoted(version, view.champion, registered.judged, *told)

    return ledger.decide(f"promoted:{intent}", crown, fence)


def try_out(ports: Ports, ledger: Ledger, registered: ModelRegistered, progress: Progress) -> Trial:
    """Have the version on its target, and its answers compared with those that it gave offline."""
    version = registered.version.version
    progress(f"version {version} is the challenger: loading it on its target")
    trial = _tried(ports, ledger, version, ledger.view().judged(registered.judged).sample, progress)
    progress(f"{trial.rows} rows answered as offline, largest difference {trial.largest_difference:.1e}")
    return trial


def _tried(
    ports: Ports, ledger: Ledger, version: int, sample: StoredFile, progress: Progress, looks: int = LOOKS
) -> Trial:
    """What the target answered; `StaleHead` if somebody put another version on trial before it had.

    Aliases have no compare-and-swap: one who reconciles slowly may bring back the challenger of before just when this
    one is asked. That is no fault of this one: all is made as the ledger says, and it is asked again.
    """
    reconcile(ledger.model, ledger, ports.registry, ports.target)
    try:
        return put_on_trial(ports, ledger.model, version, sample)
    except DeployError as error:
        other = ledger.view().challenger
        if other != version:
            raise StaleHead(
                f"version {other or 'none'} took the place of version {version} on trial before that had answered: one "
                "of the two is promoted; deploy the other one anew if that is wanted"
            ) from error
        if looks == 1 or isinstance(error, AnsweredDifferently):
            raise
        progress(f"{error}; asking again")
    return _tried(ports, ledger, version, sample, progress, looks - 1)


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


def open_intent(view: View, version: int) -> int | None:
    """The entry of the newest intent for the version, if it has neither failed nor been promoted and followed."""
    mine = [entry.seq for entry in view.of(DeploymentStarted) if entry.body.version == version]
    if not mine or view.claimed(f"failed:{mine[-1]}"):
        return None
    promoted = view.claimed(f"promoted:{mine[-1]}")
    return None if promoted and followed(view, promoted) else mine[-1]


def crowning(view: View) -> Entry:
    """The decision that made the champion what it is."""
    return max((*view.of(Promoted), *view.of(RolledBack)), key=lambda entry: entry.seq)


def followed(view: View, decision: Entry) -> bool:
    """Whether registry and target have followed a choice of champion: its receipt is there."""
    return view.claimed(f"deployed:{decision.seq}") is not None
