"""The policies that are played against each other: the model's spec with another part `retrain`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from everfit import catalog
from everfit.errors import UnknownName
from everfit.spec import PromotionSpec, RetrainSpec

if TYPE_CHECKING:
    from everfit.spec import ModelSpec

DEFAULT = "default"
MONITORS = ("quality", "feature_drift")
"""Without these `on_drift` would only be another name for `never`."""
WRITTEN: Mapping[str, Mapping[str, Any]] = {
    "never": {"when": []},
    "weekly": {"when": [{"schedule": {"cron": "0 5 * * 1"}}]},
    "monthly": {"when": [{"schedule": {"cron": "0 5 2 * *"}}]},
    "on_drift": {"when": ["drift", "decay"]},
}
"""What each says instead of the spec's own `retrain`. The first model is made in all of them as soon as it can be."""


def policies(spec: ModelSpec) -> Mapping[str, ModelSpec]:
    """Every policy by name, the spec's own (`default`) last; `on_drift` only where there are monitors for it.

    Nobody is asked to approve anything in a rehearsal: people are taken to agree at once. What the monitor looks at are
    the batches that arrive.
    """
    watched = set(MONITORS) <= set(catalog.monitors())
    found = {name: said for name, said in WRITTEN.items() if watched or name != "on_drift"}
    agreed = PromotionSpec.model_validate(spec.promotion.model_dump() | {"approval": None, "cannot_tell": "keep_back"})
    monitor = spec.monitor.model_copy(update={"of": "batches"})
    spec = spec.model_copy(update={"promotion": agreed, "monitor": monitor})
    made = {name: spec.model_copy(update={"retrain": RetrainSpec(**said)}) for name, said in found.items()}
    return {**made, DEFAULT: spec}


def chosen(spec: ModelSpec, names: Iterable[str]) -> Mapping[str, ModelSpec]:
    """Some of them, in their usual order, or all if none is named; `UnknownName` for one that there is not."""
    there, wanted = policies(spec), tuple(names)
    for name in wanted:
        if name not in there:
            raise UnknownName("policy", name, there)
    return {name: one for name, one in there.items() if name in wanted or not wanted}
