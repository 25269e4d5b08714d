"""What a caller may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

ALIASES = ("champion", "challenger", "previous")
MOST_ROWS = 10_000
MOST_BYTES = 32 * 1024 * 1024


class Refusal(Exception):
    """A request that cannot be answered, with the HTTP status that says why."""

    def __init__(self, status: int, message: str, retry_after: int | None = None) -> None:
        self.status, self.retry_after = status, retry_after
        super().__init__(message)


class Question(BaseModel):
    """Rows to be scored by `model`; each row has every input of it, null allowed.

    Without an `alias` the model's route says which version answers: the champion, or the challenger for a part of the
    requests while it is being rolled out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(examples=["flight_delays"])
    alias: Literal["champion", "challenger", "previous"] | None = None
    rows: list[dict[str, Any]] = Field(examples=[[{"carrier": "UA", "distance": 1400}]])
    explain: bool = Field(default=False, strict=True, description="Say what each feature did to each answer, too.")


class Ask(NamedTuple):
    """A question that has been read."""

    model: str
    alias: str | None
    rows: Sequence[Mapping[str, Any]]
    explain: bool = False


def read(body: bytes) -> Ask:
    """The question in a request's body; `Refusal` with 400 (no JSON), 413 (too many rows) or 422 (something else).

    What is plainly a question is taken as it is. Anything else pydantic reads, which knows what to say about it.
    """
    return _plain(body) or _checked(body)


def _plain(body: bytes) -> Ask | None:
    try:
        said = orjson.loads(body)
        rows = said["rows"]
        model, alias = said["model"], said.get("alias")
    except (ValueError, TypeError, KeyError, AttributeError):  # no JSON, or none with these words
        return None
    fits = (
        len(said) == 2 + ("alias" in said)
        and type(model) is str
        and (alias is None or alias in ALIASES)
        and type(rows) is list
        and len(rows) <= MOST_ROWS
        and set(map(type, rows)) <= {dict}
    )
    return Ask(model, alias, rows) if fits else None


def _checked(body: bytes) -> Ask:
    try:
        question = Question.model_validate_json(body)
    except ValidationError as error:
        raise misread(error.errors(include_url=False, include_input=False)) from error
    if len(question.rows) > MOST_ROWS:
        raise Refusal(
            413, f"rows: found {len(question.rows):,}, at most {MOST_ROWS:,} are answered at once: ask in parts"
        )
    return Ask(question.model, question.alias, question.rows, question.explain)


def misread(found: Sequence[Any], begin: int = 0) -> Refusal:
    """The refusal of a body in which pydantic has `found` errors; places are told from part `begin` on."""
    status = 400 if any(one["type"] == "json_invalid" for one in found) else 422
    said = [f"{'.'.join(map(str, one['loc'][begin:])) or 'the body'}: {one['msg']}" for one in found[:5]]
    return Refusal(status, "; ".join(said))
