"""Which versions an endpoint of SageMaker has in which slot, with which weight: a route in SageMaker's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from everfit.values import Route

SLOTS = ("a", "b")


@dataclass(frozen=True)
class Loaded:
    """Weight by version of those that answer, and the version that is asked too but never heard."""

    weights: Mapping[int, float]
    shadow: int | None = None

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version that is loaded."""
        return (*self.weights, *([self.shadow] if self.shadow is not None else []))


@dataclass(frozen=True)
class Placed:
    """Name of the model in each slot, the weights of those that answer, and the slot of the shadow."""

    models: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    shadow: str | None = None

    @property
    def names(self) -> tuple[tuple[str, ...], str | None]:
        """The names of the variants, and that of the shadow: an update under guardrails must leave them as they are."""
        return tuple(sorted(self.weights)), self.shadow

    def same(self, other: Placed) -> bool:
        """Whether both have the same models in the same slots: then only weights may differ."""
        return (self.models, self.names) == (other.models, other.names)

    def variants(self, hosts: Mapping[str, Any]) -> dict[str, Any]:
        """The lists of variants of an endpoint configuration, each on the machines of `hosts`."""
        weights = {**self.weights, **({self.shadow: 1.0} if self.shadow else {})}
        each = {
            slot: {"VariantName": slot, "ModelName": self.models[slot], "InitialVariantWeight": weight, **hosts}
            for slot, weight in sorted(weights.items())
        }
        shadows = {"ShadowProductionVariants": [each[self.shadow]]} if self.shadow else {}
        return {"ProductionVariants": [each[slot] for slot in sorted(self.weights)], **shadows}

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Placed:
        """What an endpoint configuration says."""
        variants, shadows = config.get("ProductionVariants") or [], config.get("ShadowProductionVariants") or []
        return cls(
            {one["VariantName"]: one["ModelName"] for one in [*variants, *shadows]},
            {one["VariantName"]: float(one.get("InitialVariantWeight", 1)) for one in variants},
            shadows[0]["VariantName"] if shadows else None,
        )


def wanted(route: Route) -> Loaded:
    """What a route means on an endpoint with two slots.

    SageMaker shadows one version beside one that answers. A challenger without a share can be a shadow; the previous
    champion only where there is no challenger, and it makes way for one. A version that is alone gets every request.

    >>> wanted(Route("m", champion=2, previous=1))
    Loaded(weights={2: 1.0, 1: 0.0}, shadow=None)
    >>> wanted(Route("m", champion=2, previous=1, challenger=3, share=0.25))
    Loaded(weights={2: 0.75, 3: 0.25}, shadow=None)
    >>> wanted(Route("m", champion=2, previous=1, challenger=3, shadows=("challenger",)))
    Loaded(weights={2: 1.0}, shadow=3)
    """
    champion, second = route.champion, route.previous if route.challenger is None else route.challenger
    share = route.share if route.challenger is not None else 0.0
    if champion is None or second in (None, champion):
        alone = champion if champion is not None else second
        return Loaded({} if alone is None else {alone: 1.0})
    alias = "previous" if route.challenger is None else "challenger"
    if alias in route.shadows and not share:
        return Loaded({champion: 1.0}, second)
    return Loaded({champion: 1.0 - share, second: share})


def in_slots(loaded: Loaded, models: Mapping[int, str], there: Placed) -> Placed:
    """Give each version a slot: the one that it has already, else a free one.

    >>> there = Placed({"a": "m-v1", "b": "m-v2"}, {"a": 0.0, "b": 1.0})
    >>> in_slots(Loaded({2: 1.0, 3: 0.0}), {2: "m-v2", 3: "m-v3"}, there).models
    {'b': 'm-v2', 'a': 'm-v3'}
    """
    at = {model: slot for slot, model in there.models.items() if slot in SLOTS}
    kept = {version: at[models[version]] for version in loaded.versions if models[version] in at}
    free = iter(slot for slot in SLOTS if slot not in kept.values())
    slots = {version: kept.get(version) or next(free) for version in loaded.versions}
    return Placed(
        {slot: models[version] for version, slot in slots.items()},
        {slots[version]: weight for version, weight in loaded.weights.items()},
        None if loaded.shadow is None else slots[loaded.shadow],
    )
