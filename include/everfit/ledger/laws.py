"""What a decision must not contradict: the laws that keep exactly one champion, and keep it a registered version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.errors import LedgerError, NotApproved, Recalled, StaleHead, UnknownName
from everfit.ledger.approvals import Answer, approval, may_be_promoted
from everfit.ledger.entries import (
    ApprovalAsked,
    ApprovalGiven,
    ApprovalLapsed,
    BatchScored,
    Body,
    DeploymentStarted,
    GatesOverridden,
    ModelRegistered,
    Promoted,
    RolledBack,
)

if TYPE_CHECKING:
    from everfit.ledger.view import View


def check(body: Body, view: View) -> None:
    """Raise if `body` cannot follow on `view`.

    `StaleHead` if it names another champion than there is, `UnknownName` for a version that was never registered,
    `Recalled` for one that knows recalled data, `NotApproved` for one that people were asked about and have not agreed
    to, or an answer of somebody who may not give it, `LedgerError` for one that is registered twice, replaces itself,
    or is rolled back to and never was the champion.
    """
    _people(body, view)
    match body:
        case ModelRegistered(version=made) if made.version in view.versions:
            raise LedgerError(f"version {made.version} is registered already; each version is registered once")
        case DeploymentStarted(version=version):
            _registered(version, view)
            _untouched(version, view)
            may_be_promoted(view, version)
        case Promoted(version=version, previous=before) | RolledBack(version=version, undone=before):
            _registered(version, view)
            _untouched(version, view)
            if before != view.champion:
                raise StaleHead(
                    f"version {version} was to replace {before or 'no champion'}, but the champion is "
                    f"{view.champion or 'none'}; somebody decided first: judge again"
                )
            if version == view.champion:
                raise LedgerError(f"version {version} is the champion already; there is nothing to decide")
        case BatchScored(batch=batch):
            for version in filter(None, (body.version, body.challenger, body.before)):
                _registered(version, view)
                _untouched(version, view)
            if batch in view.recalled:
                raise Recalled(f"batch {body.partition} of entry {batch} was taken back: its scores do not count")
        case _:
            pass
    if isinstance(body, Promoted):
        may_be_promoted(view, body.version)
    if isinstance(body, RolledBack) and all(entry.body.version != body.version for entry in view.of(Promoted)):
        raise LedgerError(f"version {body.version} was never the champion, so there is no way back to it; promote it")


def _people(body: Body, view: View) -> None:
    """The laws of what people decide."""
    match body:
        case ApprovalAsked(version=version):
            _registered(version, view)
            before = approval(view, version)
            if before is not None and before.answer is not Answer.LAPSED:
                raise NotApproved(f"people were asked about version {version} already: it is {before.answer}")
        case ApprovalGiven(version=version, asked=asked) | ApprovalLapsed(version=version, asked=asked):
            found = approval(view, version)
            if found is None or found.asked.seq != asked:
                raise NotApproved(f"entry {asked} is not the newest question about version {version}: ask again")
            if isinstance(body, ApprovalGiven):
                found.check(body.by, body.at)
            elif found.answer is not Answer.OPEN:
                raise NotApproved(f"version {version} is {found.answer} already, so the deadline changes nothing")
        case GatesOverridden(judged=judged, reason=reason):
            found_there = view.judged(judged)
            if found_there.promote:
                raise LedgerError(f"run {found_there.run} passed its gates in entry {judged}: nothing to override")
            if not reason.strip():
                raise LedgerError(f"overriding the gates of entry {judged} needs a reason: it is kept for good")
        case _:
            pass


def _untouched(version: int, view: View) -> None:
    if version in view.touched:
        raise Recalled(
            f"version {version} knows data that was recalled; it is never promoted again: train a new one without it"
        )


def _registered(version: int, view: View) -> None:
    if version not in view.versions:
        raise UnknownName("registered version", str(version), map(str, view.versions))
