"""The parts of a model spec that say how a model is trained, and when."""

from __future__ import annotations

import re
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from everfit import catalog
from everfit.errors import UnknownName
from everfit.spec.building import build
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen
from everfit.values import Device

SIZE = r"^(?:auto|([1-9][0-9]*(?:\.[0-9]+)?) ?(MB|GB))$"
UNITS = {"MB": 10**6, "GB": 10**9}


class TrainSpec(Frozen):
    """How a model is trained."""

    algorithm: str = Field(default="xgboost", description="A file in everfit/models.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the algorithm.")
    seed: int = Field(default=0, ge=0, description="The seed of everything random in training.")
    device: Device = Field(default=Device.AUTO, strict=False, description="auto takes a GPU if there is one.")

    memory: str = Field(
        default="auto",
        description="How much memory training may take: `4 GB`, `800 MB`, or auto for most of what is free. Beyond "
        "it, training goes on in external memory.",
        json_schema_extra={"pattern": SIZE},
    )

    @property
    def memory_bytes(self) -> int | None:
        """`memory` in bytes, None for auto."""
        found = re.fullmatch(SIZE, self.memory)
        return int(float(found[1]) * UNITS[found[2]]) if found and found[1] else None

    def make(self) -> Any:
        """The algorithm with its parameters, ready to `fit`."""
        return build(catalog.algorithm(self.algorithm), self.params)

    @field_validator("memory")
    @classmethod
    def _is_a_size(cls, memory: str) -> str:
        if not re.fullmatch(SIZE, memory):
            raise complaint([Mistake((), f"found {memory!r}, wanted auto or a size like 4 GB or 800 MB")])
        return memory

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        try:
            kind = catalog.algorithm(self.algorithm)
        except UnknownName as error:
            raise complaint([Mistake(("algorithm",), str(error))]) from error
        build(kind, self.params, at=("params",))
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
