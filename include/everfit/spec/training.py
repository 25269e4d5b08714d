"""The parts of a model spec that say how a model is trained, and when."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from everfit import catalog
from everfit.errors import UnknownName
from everfit.spec.building import build
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen
from everfit.values import Device


class EarlyStoppingSpec(Frozen):
    """When training ends by itself: judged on the newest training batches, never on the holdout."""

    rounds: int = Field(
        default=30, ge=1, description="End once so many rounds in a row have made it no better on the watched batches."
    )
    batches: int = Field(
        default=1, ge=1, description="The newest so many of the training batches are watched instead of learnt from."
    )
    refit: bool = Field(
        default=True,
        description="Then train the number of rounds that was best on all training batches; with false the model that "
        "has not learnt from the watched ones is kept.",
    )


class TrainSpec(Frozen):
    """How a model is trained."""

    algorithm: str = Field(default="xgboost", description="A file in everfit/models.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the algorithm.")
    seed: int = Field(default=0, ge=0, description="The seed of everything random in training.")
    device: Device = Field(default=Device.AUTO, strict=False, description="auto takes a GPU if there is one.")
    early_stopping: EarlyStoppingSpec | None = Field(
        default=None, description="End training when it no longer helps; without it, all rounds of params are trained."
    )

    def make(self) -> Any:
        """The algorithm with its parameters, ready to `fit`."""
        return build(catalog.algorithm(self.algorithm), self.params)

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        try:
            kind = catalog.algorithm(self.algorithm)
        except UnknownName as error:
            raise complaint([Mistake(("algorithm",), str(error))]) from error
        build(kind, self.params, at=("params",))
        if self.early_stopping and "rounds" not in {setting.name for setting in fields(kind)}:
            said = f"the algorithm {self.algorithm!r} has no rounds that could end early: take it out"
            raise complaint([Mistake(("early_stopping",), said)])
        return self


class ScheduleSpec(Frozen):
    """When to train by itself."""

    cron: str | None = Field(
        default=None, description="Cron expression in UTC; leave out to train on new data and by hand only."
    )
    on_new_data: bool = Field(default=True, description="Train when a batch was accepted.")

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str | None) -> str | None:
        return None if cron is None else checked_cron(cron)


def checked_cron(cron: str) -> str:
    """The cron expression itself if it is one."""
    # 0.03 s that a spec without a schedule need not pay
    from croniter import CroniterError, croniter  # type: ignore[import-untyped]

    wanted = "five fields (minute hour day month weekday) or a word like @daily"
    if not cron.startswith("@") and len(cron.split()) != len("mhdmw"):
        raise complaint([Mistake((), f"found {cron!r}, wanted {wanted}")])
    try:
        croniter(cron)
    except (CroniterError, ValueError, KeyError) as error:
        raise complaint([Mistake((), f"found {cron!r} ({error}), wanted {wanted}")]) from error
    return cron
