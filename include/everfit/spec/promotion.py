"""The part of a model spec that says what it takes, beside the gates, to be promoted."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from everfit.spec.approval import ApprovalSpec
from everfit.spec.mistakes import Mistake, complaint
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
    cannot_tell: Literal["keep_back", "ask"] = Field(
        default="keep_back",
        description="What becomes of a candidate of which a gate cannot tell and none failed: it is kept back, or the "
        "people of `approval` decide.",
    )
    approval: ApprovalSpec | None = Field(
        default=None, description="People have to agree before a version is promoted; left out: nobody is asked."
    )

    @model_validator(mode="after")
    def _somebody_is_asked(self) -> Self:
        if self.cannot_tell == "ask" and (self.approval is None or self.approval.otherwise != "keep_back"):
            said = (
                "found ask, and nobody who has to answer: add `approval`, with `otherwise: keep_back`, since what "
                "gates cannot tell of is never promoted by itself"
            )
            raise complaint([Mistake(("cannot_tell",), said)])
        return self
