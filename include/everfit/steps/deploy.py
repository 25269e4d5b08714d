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

from everfit.errors import NotEnoughData, StaleHead
from everfit.ledger.entries import RolledBack
from everfit.steps.deciding import Work, crowning, follow, followed, in_hand, promote

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
    view = ports.ledger(spec.name).view()
    if view.champion == version and followed(view, crowning(view)):
        progress(f"version {version} is the champion already")
        return crowning(view)
    work = in_hand(ports, spec, version, attempt, progress)
    if not isinstance(work, Work):
        return work
    with work.ending():
        decision = promote(work)
    return follow(ports, spec, work.ledger, decision, work.fence)


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
