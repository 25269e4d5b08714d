"""What a decision must not contradict: the laws that keep exactly one champion, and keep it a registered version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.errors import LedgerError, Recalled, StaleHead, UnknownName
from everfit.ledger.entries import Body, DeploymentStarted, ModelRegistered, Promoted, RolledBack

if TYPE_CHECKING:
    from everfit.ledger.view import View


def check(body: Body, view: View) -> None:
    """Raise if `body` cannot follow on `view`.

    `StaleHead` if it names another champion than there is, `UnknownName` for a version that was never registered,
    `Recalled` for one that knows recalled data, `LedgerError` for one that is registered twice, replaces itself, or is
    rolled back to and never was the champion.
    """
    match body:
        case ModelRegistered(version=made) if made.version in view.versions:
            raise LedgerError(f"version {made.version} is registered already; each version is registered once")
        case DeploymentStarted(version=version):
            _registered(version, view)
            _untouched(version, view)
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
        case _:
            pass
    if isinstance(body, RolledBack) and all(entry.body.version != body.version for entry in view.of(Promoted)):
        raise LedgerError(f"version {body.version} was never the champion, so there is no way back to it; promote it")


def _untouched(version: int, view: View) -> None:
    if version in view.touched:
        raise Recalled(
            f"version {version} knows data that was recalled; it is never promoted again: train a new one without it"
        )


def _registered(version: int, view: View) -> None:
    if version not in view.versions:
        raise UnknownName("registered version", str(version), map(str, view.versions))
