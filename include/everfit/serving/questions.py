"""What a caller may ask."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MOST_ROWS = 10_000
MOST_BYTES = 32 * 1024 * 1024


class Refusal(Exception):
    """A request that cannot be answered, with the HTTP status that says why."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Question(BaseModel):
    """Rows to be scored by the version under `alias` of `model`; each row has every input of it, null allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(examples=["flight_delays"])
    alias: Literal["champion", "challenger", "previous"] = "champion"
    rows: list[dict[str, Any]] = Field(examples=[[{"carrier": "UA", "distance": 1400}]])


def read(body: bytes) -> Question:
    """The question in a request's body; `Refusal` with 400 (no JSON), 413 (too many rows) or 422 (something else)."""
    try:
        question = Question.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        status = 400 if any(one["type"] == "json_invalid" for one in found) else 422
        said = [f"{'.'.join(map(str, one['loc'])) or 'the body'}: {one['msg']}" for one in found[:5]]
        raise Refusal(status, "; ".join(said)) from error
    if len(question.rows) > MOST_ROWS:
        raise Refusal(
            413, f"rows: found {len(question.rows):,}, at most {MOST_ROWS:,} are answered at once: ask in parts"
        )
    return question
