"""The part of a model spec that says how much of the training hardware the model may have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from everfit.spec.parts import Frozen

PoolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]


class PoolSpec(Frozen):
    """The model's budget in an Airflow pool, and who goes first where the pool is full."""

    name: PoolName | None = Field(
        default=None,
        description="The Airflow pool of the tasks that train; it has to be there. Left out: gpu, or default_pool with "
        "device: cpu.",
    )
    slots: int = Field(default=1, ge=1, description="How many slots of the pool one such task takes.")
    max_active: int = Field(
        default=1, ge=1, description="How many such tasks of this model run at once at most, a search's included."
    )
    order: Literal["arrival", "gain"] = Field(
        default="arrival",
        description="Who goes first where the pool is full: gain lets the run wait in a line by expected gain.",
    )
    importance: float = Field(
        default=1.0,
        gt=0,
        le=10,
        description="What a gain of this model counts in the line: 2, like that of two models.",
    )
