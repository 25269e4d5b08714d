"""The part of a model spec that says who has to agree before a version is promoted."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from everfit.refuse import duration
from everfit.spec.mistakes import DURATION, Mistake, complaint
from everfit.spec.parts import Frozen

Duration = Annotated[str, Field(pattern=DURATION)]


class ApprovalSpec(Frozen):
    """Who may approve, how many of them it takes, and what happens if nobody answers."""

    by: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(),
        strict=False,
        description="Who may answer: names of people as they log in, or of roles (the variable everfit_roles says who "
        "has them). Empty: whoever may work with the DAG.",
    )
    four_eyes: bool = Field(
        default=False,
        description="Two different people have to approve, so that nobody who started a run can promote it alone.",
    )
    within: Duration | None = Field(
        default=None, description="How long people have, such as 90m, 24h or 3d; without it, for as long as it takes."
    )
    otherwise: Literal["keep_back", "promote"] = Field(
        default="keep_back", description="What becomes of a version that nobody has answered for within that time."
    )

    @property
    def time(self) -> timedelta | None:
        """How long people have.

        >>> ApprovalSpec(within="36h").time
        datetime.timedelta(days=1, seconds=43200)
        """
        return duration("within", self.within) if self.within else None

    @model_validator(mode="after")
    def _ends_some_time(self) -> Self:
        if self.otherwise == "promote" and self.within is None:
            said = "found promote, and no deadline after which to do so: add within, such as 24h"
            raise complaint([Mistake(("otherwise",), said)])
        return self
