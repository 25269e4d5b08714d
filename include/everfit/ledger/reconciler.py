"""Makes the world equal to the ledger again: the registry's aliases, then the target that follows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from everfit.ledger.log import Ledger
from everfit.ports import Target
from everfit.values import Route


class Aliases(Protocol):
    """What reconciling asks of a `Registry`."""

    def alias(self, model: str, name: str) -> int | None:
        """The version that the alias points to, or None."""

    def set_alias(self, model: str, name: str, version: int | None) -> None:
        """Point the alias to the version, or remove it with None."""

    def route(self, model: str) -> Route:
        """The model's route, as it was last set."""

    def set_route(self, route: Route) -> None:
        """Keep the route with its registered model."""


def reconcile(model: str, ledger: Ledger, registry: Aliases, target: Target | None = None) -> Mapping[str, int | None]:
    """Point `champion`, `previous` and `challenger` to the ledger's versions, and keep the route; returns the aliases.

    Only what differs is set, so that it can be called at any time, by any number of processes, after any crash.
    The target is told to follow; `DeployError` if it cannot. Neither has a compare-and-swap: a slow reconciler may
    bring an old route, but it looks at the ledger again afterwards and repeats until all agree.
    """
    while True:
        wanted = ledger.view().route(model)
        for name, version in wanted.aliases.items():
            if registry.alias(model, name) != version:
                registry.set_alias(model, name, version)
        if registry.route(model) != wanted:
            registry.set_route(wanted)
        if target is not None:
            target.follow(wanted)
        if ledger.view().route(model) == wanted:
            return wanted.aliases
