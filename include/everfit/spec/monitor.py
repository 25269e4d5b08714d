"""The part of a model spec that says how the champion is watched."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_serializer, field_validator

from everfit import catalog
from everfit.spec.approval import Duration
from everfit.spec.building import monitor_from
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen
from everfit.spec.training import checked_cron
from everfit.values import dump


class MonitorSpec(Frozen):
    """How the champion is watched by `<model>_monitor`."""

    of: Literal["requests", "batches"] = Field(
        default="requests",
        description="Which rows are looked at. requests: what callers of the model server asked, as its log has it, "
        "with labels as they are told. batches: every accepted batch after those that the champion was made of, as the "
        "champion scores it, with the labels in it.",
    )
    key: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Of requests: columns made by rows() that callers send too, such as an order's number. What came "
        "of a row is then taken from the accepted batch that has the same values in them, unless somebody tells it.",
    )
    every: str = Field(default="@daily", description="When to look, as a cron expression in UTC.")
    window: Duration = Field(
        default="28d",
        description="How much time is looked at: back from now, or from the newest row where batches are watched.",
    )
    season: Duration | None = Field(
        default=None,
        description="Hold the drift of inputs against rows of so long before, such as 365d, and not against those that "
        "the champion was judged on: for data that follow the seasons.",
    )
    false_alarms: float = Field(
        default=1.0,
        gt=0,
        description="So many false alarms a year at most, on average, of all monitors together. A false alarm costs a "
        "training run, whose candidate has to pass the gates like any other.",
    )
    watch: tuple[Annotated[Any, BeforeValidator(monitor_from)], ...] | None = Field(
        default=None,
        strict=False,
        description="What is looked at, each a file in everfit/monitors with its settings. Left out: all of them, as "
        "they are by themselves.",
    )

    @property
    def monitors(self) -> tuple[Any, ...]:
        """What is looked at."""
        return tuple(kind() for kind in catalog.monitors().values()) if self.watch is None else self.watch

    @field_validator("every")
    @classmethod
    def _is_cron(cls, every: str) -> str:
        return checked_cron(every)

    @field_validator("watch")
    @classmethod
    def _each_once(cls, watch: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        names = [catalog.name_of(type(each)) for each in watch or ()]
        twice = [
            Mistake((place,), f"found {name} twice, wanted each once")
            for place, name in enumerate(names)
            if name in names[:place]
        ]
        if twice:
            raise complaint(twice)
        return watch

    @field_serializer("watch")
    def _by_name(self, watch: tuple[Any, ...] | None) -> list[dict[str, Any]] | None:
        return None if watch is None else [{catalog.name_of(type(each)): dump(each)} for each in watch]
