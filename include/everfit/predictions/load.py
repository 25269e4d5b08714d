"""What the model server took of its machine, between the predictions in journals and segments."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress

from everfit.values import ServerLoad, canonical, dump, load

_BEGIN = b'{"load":'


def load_line(one: ServerLoad) -> bytes:
    """A load as one line of JSON, which no prediction begins like.

    >>> from datetime import UTC, datetime
    >>> one = ServerLoad(datetime(2013, 1, 1, tzinfo=UTC), 300, 100, 0.5, 2)
    >>> loads_of([load_line(one)]) == [one]
    True
    """
    return canonical({"load": dump(one)}) + b"\n"


def loads_of(lines: Iterable[bytes]) -> list[ServerLoad]:
    """The loads among the lines. One that a sudden end cut short is left out: the next one says nearly the same."""
    found = []
    for one in filter(is_load, lines):
        with suppress(ValueError):
            found.append(load(ServerLoad, json.loads(one)["load"]))
    return found


def is_load(line: bytes) -> bool:
    """Whether a line is no prediction, but a load."""
    return line.startswith(_BEGIN)
