"""POST /labels: callers tell what came of what was predicted for them."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from everfit.ports import Clock
from everfit.predictions import Label, keep_labels
from everfit.serving.keeping import Keeping
from everfit.serving.questions import MOST_ROWS, Refusal
from everfit.serving.versions import Versions


def _whole(said: object) -> object:
    """JSON knows no whole numbers of their own: 1.0 is one."""
    return int(said) if isinstance(said, float) and said.is_integer() else said


class Told(BaseModel):
    """What became of one row of a prediction: its id is in the answer's header `X-Everfit-Prediction`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str = Field(max_length=64, examples=["013bf3685800-0000000000000000"])
    row: Annotated[int, BeforeValidator(_whole)] = Field(default=0, ge=0, lt=MOST_ROWS)
    label: float | str | None = Field(description="null takes an earlier label back", examples=[1])


class Labels(BaseModel):
    """Labels for predictions of one model; of several for one row the newest counts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    model: str = Field(examples=["flight_delays"])
    labels: list[Told] = Field(min_length=1, max_length=MOST_ROWS)


def labels_route(versions: Versions, keeping: Keeping | None, clock: Clock) -> APIRouter:
    """The route; where predictions are not kept there is nothing to label, and it says so (409)."""
    router = APIRouter()

    @router.post("/labels")
    async def labels(told: Labels) -> dict[str, int]:
        """Keep labels for predictions, for the judge of a rollout and the monitor; answers once they are kept."""
        if told.model not in versions.shelves:
            raise Refusal(404, f"there is no model {told.model!r} here")
        if keeping is None:
            raise Refusal(409, "predictions are not kept here, so there is nothing to label (--keep-predictions 1)")
        found = [Label(one.id, one.label, one.row) for one in told.labels]
        return {"kept": await to_thread.run_sync(keep_labels, keeping.store, told.model, found, clock())}

    return router
