"""Who answers a request, by the model's route: the champion, or the challenger that is on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from everfit.dealing import answers_by, spelled
from everfit.values import Route

CHAMPION, CHALLENGER = "champion", "challenger"


def dealt(route: Route, rows: Sequence[Mapping[str, Any]], noise: bytes) -> tuple[str, str]:
    """The alias that answers, and the value of the route's key that decided it ("" where chance did).

    Equal values of the key get the same version as long as the rollout lasts, and whoever is among the first 5 % is
    among the 25 %, too. The challenger answers a request of many rows only if all of them are its own: nobody gets it
    by sitting beside somebody who does. A row that lacks the key is the champion's. Without a key the request's own
    `noise` decides, which its prediction's id is made of.

    >>> route = Route("m", champion=1, challenger=2, share=1.0, key="carrier", salt="m:7")
    >>> dealt(route, [{"carrier": "UA"}], b"")
    ('challenger', 'UA')
    """
    if route.share <= 0 or route.challenger is None:
        return CHAMPION, ""
    if not route.key:
        return answers_by(route, noise.hex()), ""
    values = dict.fromkeys(spelled(row.get(route.key)) for row in rows if isinstance(row, Mapping))
    mine = bool(values) and all(answers_by(route, value) == CHALLENGER for value in values)
    return CHALLENGER if mine else CHAMPION, ",".join(value for value in values if value)[:200]


def unseen(route: Route, alias: str) -> tuple[str, ...]:
    """The aliases that score in the shadow what `alias` has answered."""
    return tuple(shadow for shadow in route.shadows if shadow != alias)
