"""The part of a model spec that says what people are told of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_serializer, model_validator

from everfit import catalog
from everfit.alerts import Kind, Quiet
from everfit.alerts.no_fresh_champion import NoFreshChampion
from everfit.refuse import duration
from everfit.spec.approval import Duration
from everfit.spec.building import named
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen
from everfit.values import dump


def incident_from(item: Any) -> Any:
    """A kind of incident as written, `name` or `{name: {settings}}`, as an instance of its class."""
    return named(catalog.INCIDENTS, item)


def _without_settings() -> tuple[Any, ...]:
    """Every kind of incident that asks for no setting."""
    return tuple(kind() for kind in catalog.incidents().values() if not _asks(kind))


def _asks(kind: type[Any]) -> bool:
    return any(field.default is MISSING and field.default_factory is MISSING for field in fields(kind))


class AlertsSpec(Frozen):
    """What people are told of, and when again. Where to is said by Airflow's connection `everfit_alerts`."""

    when: tuple[Annotated[Any, BeforeValidator(incident_from)], ...] = Field(
        default_factory=_without_settings,
        strict=False,
        description="Kinds of incident, each a file in everfit/alerts with its settings. Left out: all that need no "
        "setting. Empty: none.",
    )
    deadline: Duration | None = Field(
        default=None,
        description="So long after one promotion another one has to follow, such as 45d, or people are told: short for "
        "no_fresh_champion with this time.",
    )
    cooldown: Duration = Field(
        default="24h", description="An incident that is told of and stays open, or comes back, is told of again then."
    )
    resolved: bool = Field(default=True, description="Tell once when an incident is over, too.")

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What to look for, by name."""
        found: dict[str, Kind] = {catalog.name_of(type(one)): one for one in self.when}
        return found | ({catalog.name_of(NoFreshChampion): NoFreshChampion(self.deadline)} if self.deadline else {})

    @property
    def quiet(self) -> Quiet:
        """When a channel is left in peace."""
        return Quiet(duration("cooldown", self.cooldown), self.resolved)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [catalog.name_of(type(one)) for one in self.when]
        wrong = [
            Mistake(("when", place), f"{name} is there twice; each kind of incident is looked for once")
            for place, name in enumerate(names)
            if name in names[:place]
        ]
        if self.deadline and catalog.name_of(NoFreshChampion) in names:
            said = f"found {self.deadline!r} and no_fresh_champion in `when`, which say the same; leave one out"
            wrong.append(Mistake(("deadline",), said))
        if wrong:
            raise complaint(wrong)
        return self

    @field_serializer("when")
    def _by_name(self, when: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [{catalog.name_of(type(one)): dump(one)} for one in when]
