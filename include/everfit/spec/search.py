"""The part of a model spec that says how better parameters are searched for before each training."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from everfit.models.space import Between, Dimension, OneOf
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen

Number = int | float
Positive = Annotated[float, Field(gt=0)]


class BudgetSpec(Frozen):
    """When a search ends: whichever of these is used up first."""

    trials: int = Field(default=20, ge=1, le=100_000, description="So many trials, begun by whichever worker.")
    seconds: Positive | None = Field(
        default=None, description="So long after the search began; a trial that is under way then is cut short."
    )
    money: Positive | None = Field(
        default=None,
        description="So much, in the currency of the price list; a trial that is under way then is cut short.",
    )


class RangeSpec(Frozen):
    """The values that one parameter may take: `between: [low, high]` or `one_of: [...]`."""

    between: tuple[Number, Number] | None = Field(
        default=None, strict=False, description="From and to, both included; whole numbers if both are."
    )
    log: bool = Field(default=False, description="Draw on a log scale, as for a learning rate.")
    one_of: tuple[bool | Number | str | None, ...] | None = Field(
        default=None, strict=False, description="Any of these."
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.between is None) == (self.one_of is None) or (self.log and self.between is None):
            raise complaint([Mistake((), "wanted `between: [low, high]`, with `log: true` or not, or `one_of: [...]`")])
        try:
            _ = self.dimension
        except ValueError as error:
            raise complaint([Mistake((), str(error))]) from error
        return self

    @property
    def dimension(self) -> Dimension:
        """The same as the search takes it."""
        return OneOf(self.one_of) if self.between is None else Between(*self.between, log=self.log)  # type: ignore[arg-type]


class SearchSpec(Frozen):
    """How better parameters are searched for: trials on the training batches, judged on the newest of these.

    The holdout takes no part. The parameters that did best are trained with on everything, by the same code as always.
    """

    budget: BudgetSpec = BudgetSpec()
    parallel: int = Field(default=1, ge=1, le=256, description="So many tasks make trials at the same time.")
    space: dict[str, RangeSpec] = Field(
        default_factory=dict,
        description="Parameters of the algorithm and what they may be; left out, the algorithm's own search space.",
    )
    batches: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(),
        strict=False,
        description="Search the training window too: learn from only the newest so many training batches.",
    )
    half_life: RangeSpec | None = Field(
        default=None, description="Search how fast rows lose weight with age too: half-lives in days (train.half_life)."
    )
    judge_on: int = Field(default=1, ge=1, description="The newest so many training batches judge a trial.")
    recall: int = Field(
        default=3, ge=0, description="Begin with what was chosen in so many earlier searches of this model."
    )

    @model_validator(mode="after")
    def _windows_differ(self) -> Self:
        if len(self.batches) == 1:
            raise complaint([Mistake(("batches",), "found one window, wanted two or more, or none to search for")])
        return self
