"""Puts a version on its target, makes it the champion, and goes back: intent, effect, receipt.

    DeploymentStarted   intent: from here on the version is the challenger; registry and target follow
    (trial)             the target must answer the sample rows as the candidate did offline
    Promoted            decision, taken only on top of the champion that the candidate was judged against
    (reconcile)         registry and target follow the ledger
    Deployed            receipt

A crash may come between any two: the next call finds the intent without an outcome and goes on from there. Every
effect can be repeated, and every entry's key follows from the intent, so that nothing is decided twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from everfit.errors import (
    Corrupted,
    DeployError,
    KeptBack,
    LedgerError,
    NotApproved,
    NotEnoughData,
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
from everfit.steps.trial import Trial, put_on_trial

if TYPE_CHECKING:
    from everfit.ledger import Entry, Fence, Ledger, View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.values import StoredFile


def deploy(ports: Ports, spec: ModelSpec, version: int, attempt: str, progress: Progress) -> Entry:
    """Make `version` the champion once its target answers as it did offline; returns the entry that decided it.

    A version that is champion already is left as it is. `attempt` names this try: a later one fences it off. Errors:
    `UnknownName` for a version that is not registered, `StaleHead` if another one became champion since this one was
    judged (`judge_again`), `KeptBack` if the gates said no to it, `Recalled` if it knows recalled data, `NotApproved`
    if people have to agree and have not, `DeployError` if it does not load or answers differently (`DeploymentFailed`
    is on record, the champion stays), `Unreachable` if registry or target are away (the next try goes on from here),
    `FencedOut`.
    """
    ledger = ports.ledger(spec.name)
    view = ledger.view()
    registered = _registered(view, version, spec.name)
    if view.champion == version and _followed(view, _crowning(view)):
        progress(f"version {version} is the champion already")
        return _crowning(view)
    if view.champion != version:
        _agreed(spec, view, version)
        _passed(view, registered)
    fence = ledger.open(f"deploy:{version}", attempt)
    if view.champion == version:
        return _follow(ports, spec, ledger, _crowning(view), fence)
    intent = _open_intent(view, version) or _start(ledger, registered, fence)
    try:
        decision = _promote(ports, spec, ledger, registered, intent, progress, fence)
    except (DeployError, StaleHead, Corrupted, Recalled) as error:
        progress(f"version {version} is not deployed: {error}")
        ended = DeploymentOvertaken if isinstance(error, StaleHead) else DeploymentFailed
        ledger.append(f"failed:{intent}", ended(version, str(error)), fence=fence)
        reconcile(spec.name, ledger, ports.registry, ports.target)
        raise
    progress(f"version {version} is the champion: registry and target follow")
    return _follow(ports, spec, ledger, decision, fence)


def roll_back(ports: Ports, spec: ModelSpec, reason: str, by: str, key: str, undone: int | None = None) -> Entry:
    """Make the version before the champion the champion again; returns the entry that decided it.

    `key` names the wish: the same key goes back once. The undone version can be deployed again. Errors: `NotEnoughData`
    if there is no version to go back to, `StaleHead` if another version than `undone` (where it is given) is champion,
    `Unreachable` and `DeployError` if registry or target do not follow (the decision stands; the same call again makes
    them follow).
    """
    ledger = ports.ledger(spec.name)

    def back(view: View) -> RolledBack:
        if view.champion is None:
            raise NotEnoughData(f"{spec.name} has no champion yet: there is nothing to go back from")
        if undone not in (None, view.champion):
            raise StaleHead(f"version {undone} of {spec.name} was to go, but the champion is {view.champion} by now")
        if view.previous is None:
            raise NotEnoughData(
                f"{spec.name} has had no version before its champion {view.champion}, so there is none to go back to;"
                " deploy another version instead"
            )
        return RolledBack(view.previous, view.champion, reason, by)

    return _follow(ports, spec, ledger, ledger.decide(key, back))


def _start(ledger: Ledger, registered: ModelRegistered, fence: Fence) -> int:
    """Write down the intent; returns its entry. Its key counts: a new intent follows only one that has an outcome."""
    version = registered.version.version
    number = 1 + sum(entry.body.version == version for entry in ledger.view().of(DeploymentStarted))

    def start(view: View) -> DeploymentStarted:
        _still_judged(view, registered)
        return DeploymentStarted(version, view.champion)

    return ledger.decide(f"deploy:{version}:{number}", start, fence).seq


def _promote(
    ports: Ports,
    spec: ModelSpec,
    ledger: Ledger,
    registered: ModelRegistered,
    intent: int,
    progress: Progress,
    fence: Fence,
) -> Entry:
    """Put the version on trial, and make it the champion if it passes."""
    version = registered.version.version
    view = ledger.view()
    if promoted := view.claimed(f"promoted:{intent}"):
        raise StaleHead(
            f"version {version} was promoted in entry {promoted.seq}, and entry {_crowning(view).seq} made"
            f" {view.champion} the champion before registry and target had followed: deploy it anew if that is wanted"
        )
    _still_judged(view, registered)
    progress(f"version {version} is the challenger: loading it on its target")
    reconcile(spec.name, ledger, ports.registry, ports.target)
    trial = _tried(ports, ledger, version, view.judged(registered.judged).sample)
    progress(f"{trial.rows} rows answered as offline, largest difference {trial.largest_difference:.1e}")

    def promote(view: View) -> Promoted:
        _still_judged(view, registered)
        return Promoted(version, view.champion, registered.judged, trial.rows, trial.largest_difference)

    return ledger.decide(f"promoted:{intent}", promote, fence)


def _tried(ports: Ports, ledger: Ledger, version: int, sample: StoredFile) -> Trial:
    """What the target answered; `StaleHead` if somebody put another version on trial before it had."""
    try:
        return put_on_trial(ports, ledger.model, version, sample)
    except DeployError as error:
        other = ledger.view().challenger
        if other == version:
            raise
        raise StaleHead(
            f"version {other or 'none'} took the place of version {version} on trial before that had answered: one of "
            "the two is promoted; deploy the other one anew if that is wanted"
        ) from error


def _follow(ports: Ports, spec: ModelSpec, ledger: Ledger, decision: Entry, fence: Fence | None = None) -> Entry:
    """Make registry and target follow the ledger and leave the receipt; done once for each decision."""
    body = decision.body
    if not isinstance(body, Promoted | RolledBack):
        raise LedgerError(f"entry {decision.seq} ({decision.key}) is a {decision.kind}, wanted a choice of champion")
    if not _followed(ledger.view(), decision):
        reconcile(spec.name, ledger, ports.registry, ports.target)
        ledger.append(f"deployed:{decision.seq}", Deployed(body.version, decision.seq), fence=fence)
    return decision


def _still_judged(view: View, registered: ModelRegistered) -> None:
    """Raise `StaleHead` unless the champion is still the one that the version was judged against."""
    judged = view.judged(registered.judged)
    if view.champion != judged.champion:
        raise StaleHead(
            f"version {registered.version.version} was judged against champion {judged.champion or 'none'}, but the"
            f" champion is {view.champion or 'none'} now: judge it again"
        )


def _agreed(spec: ModelSpec, view: View, version: int) -> None:
    """Raise `NotApproved` unless people have agreed, where the spec wants them asked or they were."""
    if spec.promotion.approval and approval(view, version) is None:
        raise NotApproved(f"people have to agree before version {version} is promoted, and nobody has asked them yet")
    may_be_promoted(view, version)


def _passed(view: View, registered: ModelRegistered) -> None:
    """Raise `KeptBack` if the gates said no against the champion of now, and nobody has overridden that."""
    judged = view.judged(registered.judged)
    over = {entry.body.judged for entry in view.of(GatesOverridden)}
    if not judged.promote and registered.judged not in over:
        version, champion = registered.version.version, judged.champion or "none"
        raise KeptBack(f"version {version} was judged against champion {champion} and kept back: {judged.reason}")


def _registered(view: View, version: int, model: str) -> ModelRegistered:
    """The version, with its judgement against the champion of now if there is one."""
    found = {entry.body.version.version: entry.body for entry in view.of(ModelRegistered)}
    if version not in found:
        raise UnknownName(f"registered version of {model}", str(version), map(str, found))
    judged = view.judgement_against(view.judged(found[version].judged).run, view.champion)
    return replace(found[version], judged=judged.seq) if judged else found[version]


def _open_intent(view: View, version: int) -> int | None:
    """The entry of the newest intent for the version, if it has neither failed nor been promoted and followed."""
    mine = [entry.seq for entry in view.of(DeploymentStarted) if entry.body.version == version]
    if not mine or view.claimed(f"failed:{mine[-1]}"):
        return None
    promoted = view.claimed(f"promoted:{mine[-1]}")
    return None if promoted and _followed(view, promoted) else mine[-1]


def _crowning(view: View) -> Entry:
    """The decision that made the champion what it is."""
    return max((*view.of(Promoted), *view.of(RolledBack)), key=lambda entry: entry.seq)


def _followed(view: View, decision: Entry) -> bool:
    return view.claimed(f"deployed:{decision.seq}") is not None
