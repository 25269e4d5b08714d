"""One answer of a model server, and the line of JSON that stands for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from everfit.values import Answer


@dataclass(frozen=True)
class Prediction:
    """What was asked (`rows`, as they were received) and answered (`scores`, per row a number or one for each class or
    quantile; None where nobody answered), when, and by which version.

    `key` is what the route dealt by, `seconds` how long it took, `flags` what was remarkable about each row (none, or
    one tuple per row). A prediction in the shadow was not the answer: `shadow_of` is the id of the one that was.
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

    def line(self) -> bytes:
        """The prediction as one line of JSON; a number that JSON has not stays what it was (`NaN`, `Infinity`)."""
        from pydantic_core import to_json

        said: dict[str, Any] = {
            "id": self.id,
            "at": self.at.astimezone(UTC).isoformat(),
            "model": self.model,
            "version": self.version,
            "alias": self.alias,
            "rows": self.rows,
            "scores": self.scores,
        }
        rare = {"key": self.key, "seconds": self.seconds, "flags": self.flags, "shadow_of": self.shadow_of}
        said |= {name: value for name, value in rare.items() if value}
        return to_json(said, inf_nan_mode="constants") + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Prediction:
        """The prediction that a line stands for; `ValueError` if it is none, such as one cut short."""
        try:
            said = json.loads(line)
            return cls(**said | {"at": datetime.fromisoformat(said["at"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"{line[:80]!r} is not a prediction: {error}") from error


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
