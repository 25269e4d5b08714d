"""Makes the world equal to the ledger again: the registry's aliases, then the target that follows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from everfit.ledger.log import Ledger
from everfit.ledger.view import View
from everfit.ports import Target


class Aliases(Protocol):
    """What reconciling asks of a `Registry`."""

    def alias(self, model: str, name: str) -> int | None:
        """The version that the alias points to, or None."""

    def set_alias(self, model: str, name: str, version: int | None) -> None:
        """Point the alias to the version, or remove it with None."""


def reconcile(model: str, ledger: Ledger, registry: Aliases, target: Target | None = None) -> Mapping[str, int | None]:
    """Point `champion`, `previous` and `challenger` to the ledger's versions; returns where they point.

    Only what differs is set, so that it can be called at any time, by any number of processes, after any crash.
    Aliases have no compare-and-swap: a slow reconciler may set an old one, but it looks at the ledger again afterwards
    and repeats until both agree. Then the target is told to follow; `DeployError` if it cannot.
    """
    while True:
        wanted = aliases(ledger.view())
        for name, version in wanted.items():
            if registry.alias(model, name) != version:
                registry.set_alias(model, name, version)
        if aliases(ledger.view()) == wanted:
            break
    if target is not None:
        target.refresh(model)
    return wanted


def aliases(view: View) -> Mapping[str, int | None]:
    """Where each alias of the registry belongs, by the ledger."""
    return {"champion": view.champion, "previous": view.previous, "challenger": view.challenger}
