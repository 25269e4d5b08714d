"""How a model is made, beside its data: what a run writes down, so that the next one sees what changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from everfit.steps.environment import libraries
from everfit.values import digest

if TYPE_CHECKING:
    from everfit.spec import ModelSpec

PARTS = ("task", "label", "quantiles", "group", "observed", "time", "window", "train")
"""Of model.yaml, what decides what is learnt."""
PLACES = {"pool", "device", "fallback", "memory"}
"""Of how it trains, what says where and when, and does not change what is learnt."""
SHOWN = 12


def recipe(spec: ModelSpec) -> dict[str, str]:
    """The code's hashes, a hash of each part of the spec that says how the model is made, the libraries' versions."""
    said = spec.model_dump(mode="json", include=set(PARTS))
    said["train"] = {key: value for key, value in said["train"].items() if key not in PLACES}
    files = [path for path in (spec.code_path, spec.folder / "objectives.py") if path.is_file()]
    return {
        **{path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:SHOWN] for path in files},
        **{f"{part} in model.yaml": digest(said[part])[:SHOWN] for part in PARTS},
        **libraries(),
    }


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """What is not as it was, in words; nothing if it is not known how it was.

    >>> changes({"train in model.yaml": "0a", "xgboost": "3.2.0"}, {"train in model.yaml": "1b", "xgboost": "3.4.1"})
    ('train in model.yaml was 0a and is 1b', 'xgboost was 3.2.0 and is 3.4.1')
    """
    if not then:
        return ()
    return tuple(
        f"{name} was {then.get(name, 'not there')} and is {now.get(name, 'gone')}"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    )
