"""The part of a model spec that says what it takes, beside the gates, to be promoted."""

from __future__ import annotations

from pydantic import Field

from everfit.spec.approval import ApprovalSpec
from everfit.spec.parts import Frozen


class PromotionSpec(Frozen):
    """What a version needs beside the gates' word."""

    approval: ApprovalSpec | None = Field(
        default=None, description="People have to agree before a version is promoted; left out: nobody is asked."
    )
