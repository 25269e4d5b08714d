"""The part of a model spec that says why a training run starts, and when not yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, ConfigDict, Field, field_serializer, field_validator
from pydantic_core import PydanticCustomError

from everfit import catalog
from everfit.refuse import duration
from everfit.spec.approval import Duration
from everfit.spec.building import build, named
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen
from everfit.triggers import Budget, Group, Peace, Quiet
from everfit.triggers.decay import Decay
from everfit.triggers.drift import Drift
from everfit.triggers.estimated_decay import EstimatedDecay
from everfit.triggers.new_data import NewData
from everfit.triggers.schedule import Schedule
from everfit.values import dump

BY_MONITOR = (Decay, EstimatedDecay, Drift)
"""The triggers that go by what the monitor found."""
GROUPS = ("all_of", "any_of", "k_of")
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


def trigger_from(item: Any) -> Any:
    """A trigger as written: `name`, `{name: {settings}}`, or a group of triggers."""
    if not isinstance(item, dict) or len(item) != 1 or next(iter(item)) not in GROUPS:
        return item if isinstance(item, Group) else named(catalog.TRIGGERS, item)
    [(word, said)] = item.items()
    if word == "k_of":
        several = build(_KOf, said if isinstance(said, dict) else {}, at=(word,))
        return Group(several.k, _several((word, "of"), several.of, several.k))
    some = _several((word,), said, 1)
    return Group(len(some) if word == "all_of" else 1, some)


class QuietSpec(Frozen):
    """When no training run starts by itself."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    from_: Clock = Field(default="00:00", alias="from", description="The time of day at which quiet begins.")
    until: Clock = Field(default="00:00", description="The time of day at which it ends; the night may lie between.")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        default=(), strict=False, description="Days of the week that are quiet as a whole."
    )
    zone: str = Field(default="UTC", description="The time zone of these times, such as America/New_York.")

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise complaint([Mistake((), f"found {zone!r}, wanted a time zone such as Europe/Berlin")]) from error
        return zone


class BudgetSpec(Frozen):
    """How many training runs may start by themselves within a time."""

    runs: int = Field(ge=1, description="So many runs at most.")
    within: Duration = Field(default="7d", description="Within this time, such as 24h or 7d.")


class RetrainSpec(Frozen):
    """Why a training run starts by itself, and when it has to wait.

    What a person starts never waits, and neither does what a recall or an erasure asks for.
    """

    when: tuple[Annotated[Any, BeforeValidator(trigger_from)], ...] = Field(
        default=(NewData(),),
        strict=False,
        description="Any of these starts a run, each a file in everfit/triggers with its settings, or a group: "
        "all_of, any_of, k_of. Empty: only people, recalls and erasures do.",
    )
    cooldown: Duration | None = Field(default=None, description="Time between the begin of two runs, such as 6h.")
    quiet: QuietSpec | None = Field(default=None, description="Hours and days at which no run starts.")
    at_most: BudgetSpec | None = Field(default=None, description="A budget of runs.")

    @property
    def peace(self) -> Peace:
        """When the model is left in peace."""
        quiet, budget = self.quiet, self.at_most
        return Peace(
            duration("cooldown", self.cooldown) if self.cooldown else timedelta(),
            Quiet(time.fromisoformat(quiet.from_), time.fromisoformat(quiet.until), quiet.days, quiet.zone)
            if quiet
            else None,
            Budget(budget.runs, duration("within", budget.within)) if budget else None,
        )

    @property
    def crons(self) -> tuple[str, ...]:
        """The times at which a run is wanted, as cron expressions."""
        return tuple(one.cron for one in _flat(self.when) if isinstance(one, Schedule))

    @property
    def on_new_data(self) -> bool:
        """Whether a new batch may be a reason."""
        return any(isinstance(one, NewData) for one in _flat(self.when))

    @property
    def on_decay(self) -> bool:
        """Whether what the monitor found may be a reason."""
        return any(isinstance(one, BY_MONITOR) for one in _flat(self.when))

    @property
    def waits(self) -> bool:
        """Whether a run may come to be due though no batch arrives and no clock of a trigger strikes."""
        kinds = {type(one) for one in _flat(self.when)} - {NewData, Schedule}
        return bool(kinds or self.cooldown or self.quiet or self.at_most)

    @field_serializer("when")
    def _as_written(self, when: tuple[Any, ...]) -> list[Any]:
        return [_written(one) for one in when]


@dataclass(frozen=True)
class _KOf:
    k: int
    of: tuple[Any, ...]


def _several(at: tuple[str, ...], said: Any, least: int) -> tuple[Any, ...]:
    if not isinstance(said, list | tuple) or not 1 <= least <= len(said):
        wanted = f"a list of at least {least} trigger{'s' * (least > 1)}" if least > 0 else "a k of at least 1"
        found = list(said) if isinstance(said, tuple) else said
        raise complaint([Mistake(at, f"found {found!r}, wanted {wanted}")])
    found, wrong = [], []
    for place, one in enumerate(said):
        try:
            found.append(trigger_from(one))
        except PydanticCustomError as error:
            wrong += [mistake.under((*at, place)) for mistake in (error.context or {})["mistakes"]]
    if wrong:
        raise complaint(wrong)
    return tuple(found)


def _flat(when: Sequence[Any]) -> list[Any]:
    return [one for each in when for one in (_flat(each.of) if isinstance(each, Group) else [each])]


def _written(one: Any) -> dict[str, Any]:
    if isinstance(one, Group):
        return {"k_of": {"k": one.least, "of": [_written(each) for each in one.of]}}
    return {catalog.name_of(type(one)): dump(one)}
