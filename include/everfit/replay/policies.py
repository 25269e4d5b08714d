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
WRITTEN: Mapping[str, Mapping[str, Any]] = {
    "never": {"when": []},
    "weekly": {"when": [{"schedule": {"cron": "0 5 * * 1"}}]},
    "monthly": {"when": [{"schedule": {"cron": "0 5 2 * *"}}]},
    "on_drift": {"when": ["drift", "decay"]},
}
"""What each says instead of the spec's own `retrain`. The first model is made in all of them as soon as it can be."""


def policies(spec: ModelSpec) -> Mapping[str, ModelSpec]:
    """Every policy by name, the spec's own (`default`) last; those that need a trigger that is not there are left out.

    Nobody is asked to approve anything in a rehearsal: people are taken to agree at once.
    """
    known = catalog.triggers()
    found = {name: said for name, said in WRITTEN.items() if set(filter(_is_word, said["when"])) <= set(known)}
    agreed = PromotionSpec.model_validate(spec.promotion.model_dump() | {"approval": None, "cannot_tell": "keep_back"})
    spec = spec.model_copy(update={"promotion": agreed})
    made = {name: spec.model_copy(update={"retrain": RetrainSpec(**said)}) for name, said in found.items()}
    return {**made, DEFAULT: spec}


def chosen(spec: ModelSpec, names: Iterable[str]) -> Mapping[str, ModelSpec]:
    """Some of them, in their usual order, or all if none is named; `UnknownName` for one that there is not."""
    there, wanted = policies(spec), tuple(names)
    for name in wanted:
        if name not in there:
            raise UnknownName("policy", name, there)
    return {name: one for name, one in there.items() if name in wanted or not wanted}


def _is_word(said: Any) -> bool:
    return isinstance(said, str)
