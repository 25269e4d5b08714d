"""What other people's services call our models, and what of a route they cannot follow."""

from __future__ import annotations

from everfit.errors import DeployError
from everfit.values import Route, digest

LONGEST = 63


def resource_name(*parts: str, longest: int = LONGEST) -> str:
    """One name of lower-case letters, digits and hyphens from several parts; a long one ends in its hash.

    A model's name has no hyphen, so two models never share one.

    >>> resource_name("everfit", "flight_delays")
    'everfit-flight-delays'
    >>> resource_name("everfit", "a" * 80)
    'everfit-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-821cd7a2'
    """
    whole = "-".join(parts).replace("_", "-").lower()
    return (
        whole
        if len(whole) <= longest and whole[-1] != "-"
        else f"{whole[: longest - 9].rstrip('-')}-{digest(parts)[:8]}"
    )


def dealt_by_chance(route: Route, where: str) -> None:
    """Raise `DeployError` for a share by key: a service that deals each request by chance would break that promise."""
    if route.key and 0 < route.share < 1 and route.challenger is not None:
        raise DeployError(
            f"{where} deals requests by chance, but the rollout of {route.model} wants the same {route.key} to get the"
            " same version always: roll out without a key, or serve with everfit's own server"
        )
