"""The part of a model spec that says how much of what no living version needs is kept all the same."""

from __future__ import annotations

from pydantic import Field

from everfit.spec.parts import Frozen


class KeepSpec(Frozen):
    """What is kept beyond what the model needs. What only one of the three asks for is kept too."""

    versions: int = Field(
        default=10, ge=0, description="The data of the newest so many registered versions, so that they can be remade."
    )
    batches: int = Field(default=24, ge=0, description="The newest so many partitions, each in its newest version.")
    days: float = Field(
        default=180, ge=7, description="Whatever is younger; also quarantined and staged deliveries and evidence."
    )
    delete: bool = Field(
        default=False,
        description="Whether everfit_housekeeping deletes by itself every week; else it only says what would go.",
    )
