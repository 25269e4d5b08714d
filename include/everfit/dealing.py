"""Who answers whom while a challenger has a share of the requests: the same key, the same version, everywhere.

The model server deals requests, batch scoring deals rows; both by this one function, so that a passenger is answered
by one version wherever she is asked about.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any, Literal

from everfit.values import Route

Side = Literal["champion", "challenger"]

_BITS = 53  # as many as a float holds without rounding


def answers_by(route: Route, key_value: Any) -> Side:
    """Whether champion or challenger answers for a value of the route's key.

    A hash of salt and value puts each value at a place between 0 and 1 for as long as the rollout lasts; the challenger
    has those below its share. So whoever it answers at 10 % it also answers at 50 %. The champion answers for a missing
    value. Where the route has no key, the caller gives whatever names the one question (an id, a row's place).

    >>> route = Route("flights", champion=1, challenger=2, share=0.25, key="tailnum", salt="flights:7")
    >>> answers_by(route, "N14228"), answers_by(route, "N14230")
    ('champion', 'challenger')
    >>> answers_by(route, 17) == answers_by(route, 17.0) == answers_by(route, "17")
    True
    """
    text = spelled(key_value)
    if route.challenger is None or route.share <= 0 or text is None:
        return "champion"
    return "challenger" if place(route.salt, text) < route.share else "champion"


def place(salt: str, text: str) -> float:
    """Where a value lies between 0 and 1 (1 excluded) in this dealing; evenly spread over values.

    >>> 0 <= place("flights:7", "N14228") < 1
    True
    """
    drawn = hashlib.blake2b(f"{salt}\0{text}".encode(), digest_size=8).digest()
    return (int.from_bytes(drawn) >> (64 - _BITS)) / float(2**_BITS)


def spelled(value: Any) -> str | None:
    """One spelling for a value, from JSON, CSV or Parquet, and whatever spaces are around it; None if there is none."""
    if isinstance(value, list | dict):
        return None
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()  # of numpy
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT are not themselves
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return (value.isoformat() if isinstance(value, date) else str(value)).strip() or None
