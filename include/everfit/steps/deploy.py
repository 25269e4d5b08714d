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

from typing import TYPE_CHECKING

from everfit.errors import Corrupted, DeployError, NotEnoughData, Recalled, StaleHead
from everfit.ledger.entries import DeploymentFailed, DeploymentOvertaken, RolledBack
from everfit.ledger.reconciler import reconcile
from everfit.steps.deciding import (
    agreed,
    begin,
    crowning,
    follow,
    followed,
    open_intent,
    passed,
    promote,
    registered_as,
)

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec


def deploy(ports: Ports, spec: ModelSpec, version: int, attempt: str, progress: Progress) -> Entry:
    """Make `version` the champion, of everybody at once, when its target answers as it did offline; returns the entry.

    A version that is champion already is left as it is. `attempt` names this try: a later one fences it off. Errors:
    `UnknownName` for a version that is not registered, `StaleHead` if another one became champion since this one was
    judged (`judge_again`), `KeptBack` if the gates said no to it, `Recalled` if it knows recalled data, `NotApproved`
    if people have to agree and have not, `DeployError` if it does not load or answers differently (`DeploymentFailed`
    is on record, the champion stays), `Unreachable` if registry or target are away (the next try goes on from here),
    `FencedOut`.
    """
    ledger = ports.ledger(spec.name)
    view = ledger.view()
    registered = registered_as(view, version, spec.name)
    if view.champion == version and followed(view, crowning(view)):
        progress(f"version {version} is the champion already")
        return crowning(view)
    if view.champion != version:
        agreed(spec, view, version)
        passed(view, registered)
    fence = ledger.open(f"deploy:{version}", attempt)
    if view.champion == version:
        return follow(ports, spec, ledger, crowning(view), fence)
    intent = open_intent(view, version) or begin(ledger, registered, fence)
    try:
        decision = promote(ports, ledger, registered, intent, progress, fence)
    except (DeployError, StaleHead, Corrupted, Recalled) as error:
        progress(f"version {version} is not deployed: {error}")
        ended = DeploymentOvertaken if isinstance(error, StaleHead) else DeploymentFailed
        ledger.append(f"failed:{intent}", ended(version, str(error)), fence=fence)
        reconcile(spec.name, ledger, ports.registry, ports.target)
        raise
    progress(f"version {version} is the champion: registry and target follow")
    return follow(ports, spec, ledger, decision, fence)


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

    return follow(ports, spec, ledger, ledger.decide(key, back))
