"""One answer of a model server, and the line of JSON that stands for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson

from everfit.values import Answer

ANSWERED_BY = "answered_by:"
"""How the flag begins of a row that another version answered, or a constant."""


@dataclass(frozen=True)
class Prediction:
    """What was asked (`rows`, as they were received) and answered (`scores`, per row a number or one for each class or
    quantile; None where nobody answered), when, and by which version.

    `key` is what the route dealt by, `seconds` how long it took, `flags` what was remarkable about each row (none, or
    one tuple per row). A prediction in the shadow was not the answer: `shadow_of` is the id of the one that was. If the
    version failed, `error` says how, and there are no scores. `deal` is the deal of a rollout (`Route.deal`) that chose
    the version; "" where the caller chose it, or nothing was being rolled out.
    """

    id: str
    at: datetime
    model: str
    version: int
    alias: str
    rows: Sequence[Mapping[str, Any]]
    scores: Sequence[Answer | None]
    key: str = ""
    seconds: float = 0.0
    flags: Sequence[Sequence[str]] = ()
    shadow_of: str = ""
    error: str = ""
    deal: str = ""

    def own(self, row: int) -> Answer | None:
        """What the version itself said of a row: None where it failed or abstained, or somebody stood in for it."""
        flags = self.flags[row] if row < len(self.flags) else ()
        stood_in = any(flag.startswith(ANSWERED_BY) for flag in flags)
        return self.scores[row] if row < len(self.scores) and not stood_in else None

    def line(self) -> bytes:
        """The prediction as one line of JSON; a number that JSON has not stays what it was (`NaN`, `Infinity`)."""
        rare = {"key": self.key, "seconds": self.seconds, "flags": self.flags, "shadow_of": self.shadow_of}
        rare |= {"error": self.error, "deal": self.deal}
        some = {name: value for name, value in rare.items() if value}
        at = self.at.astimezone(UTC)
        return line(self.id, at, self.model, self.version, self.alias, self.rows, self.scores, some)

    @classmethod
    def of(cls, line: bytes) -> Prediction:
        """The prediction that a line stands for; `ValueError` if it is none, such as one cut short."""
        try:
            said = json.loads(line)
            return cls(**said | {"at": datetime.fromisoformat(said["at"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"{line[:80]!r} is not a prediction: {error}") from error


def line(
    id_: str,
    at: datetime,
    model: str,
    version: int,
    alias: str,
    rows: Sequence[Mapping[str, Any]],
    scores: Sequence[Answer | None],
    more: Mapping[str, Any] = MappingProxyType({}),
) -> bytes:
    """The line of a prediction that was made at `at` in UTC, for who has no use for the prediction itself."""
    said: dict[str, Any] = {"id": id_, "at": at, "model": model, "version": version, "alias": alias}
    said |= {"rows": rows, "scores": scores, **more}
    try:
        written = orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)
        nulls = written.count(b"null")  # the quickest writer makes one of a NaN, too
        if nulls == 0 or nulls == sum([[*row.values()].count(None) for row in rows]):
            return written
    except TypeError:  # a whole number of more than 64 bits
        pass
    from pydantic_core import to_json

    return to_json(said | {"at": at.isoformat()}, inf_nan_mode="constants") + b"\n"


def id_of(at: datetime, noise: bytes) -> str:
    """A new id: the milliseconds since 1970, by which `moment` finds it again, and `noise` of at least 8 bytes.

    >>> id_of(datetime(2013, 1, 1, tzinfo=UTC), bytes(8))
    '013bf3685800-0000000000000000'
    """
    return f"{round(at.timestamp() * 1000):012x}-{noise.hex()}"


def moment(id_: str) -> datetime | None:
    """When the prediction of that id was made, to the millisecond; None for what is not such an id.

    >>> moment("013bf3685800-0000000000000000")
    datetime.datetime(2013, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    >>> moment("latest") is None
    True
    """
    milliseconds, _, noise = id_.partition("-")
    try:
        int(noise, 16)
        return datetime.fromtimestamp(int(milliseconds, 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
