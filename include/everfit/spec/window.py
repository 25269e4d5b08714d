"""The part of a model spec that says which accepted batches a training run uses."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen


class WindowSpec(Frozen):
    """Which accepted batches a training run uses."""

    batches: int = Field(default=6, ge=2, description="The newest so many batches, the holdout included.")
    holdout: int = Field(default=1, ge=1, description="The newest so many of them are kept for judging.")
    at_least: int = Field(default=2, ge=2, description="Do not train on fewer batches than this.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        mistakes = []
        if self.at_least > self.batches:
            wanted = f"at most {self.batches}, the number of batches"
            mistakes.append(Mistake(("at_least",), f"found {self.at_least}, wanted {wanted}"))
        if self.holdout >= self.at_least:
            wanted = f"less than at_least ({self.at_least}), so that something is left to learn from"
            mistakes.append(Mistake(("holdout",), f"found {self.holdout}, wanted {wanted}"))
        if mistakes:
            raise complaint(mistakes)
        return self
