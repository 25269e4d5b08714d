"""The part of a model spec that says what it takes, beside the gates, to be promoted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from everfit.spec.approval import ApprovalSpec
from everfit.spec.parts import Frozen


class PromotionSpec(Frozen):
    """The budget of bad promotions that decisions share, how often one holdout may judge, and who has to agree."""

    bad_share: Annotated[float, Field(gt=0, le=0.5)] | None = Field(
        default=0.2,
        description="Of what is promoted, at most this share may be bad on average: not as good as the gate against "
        "the champion claims. null: each decision at 5 % by itself, and no promise over time.",
    )
    by: Literal["lord", "addis", "e_lond"] = Field(
        default="lord",
        description="How the budget is kept: lord (also where holdouts overlap), addis (only if no two holdouts do), "
        "e_lond (whatever the decisions have to do with each other, and much more strict).",
    )
    decisions: int = Field(
        default=52, ge=1, le=10_000, description="So many comparisons with a champion share one budget; then anew."
    )
    uses: int = Field(
        default=50, ge=1, description="A holdout that has judged so many candidates is spent: newer batches are needed."
    )
    approval: ApprovalSpec | None = Field(
        default=None, description="People have to agree before a version is promoted; left out: nobody is asked."
    )
