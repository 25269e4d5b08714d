"""The rounds of boosting, and telling of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from everfit.models.terms import Round

if TYPE_CHECKING:
    from everfit.models.terms import EachRound

STOP = "stop"
"""The part that early stopping looks at, in the names of the curves."""


@dataclass
class Grown:
    """How the rounds went: the curves of all of them, and how many the model keeps."""

    rounds: int = 0
    curves: dict[str, list[float]] = field(default_factory=dict)


def grow(booster: Any, names: Mapping[str, str], most: int, patience: int, each_round: EachRound) -> Grown:
    """Add at most so many rounds to the booster; `names` maps LightGBM's metrics to ours.

    With `patience`, the rounds end when the last metric of the part `stop` has not improved for so many of them, and
    the best of them are kept. They end too when no tree can be split any more.
    """
    grown, best = Grown(), float("-inf")
    for done in range(1, most + 1):
        ended = booster.update()
        if booster.current_iteration() < done:
            break
        found = booster.eval_valid()
        metrics = {f"{part}_{names[name]}": float(value) for part, name, value, _ in found}
        for name, value in metrics.items():
            grown.curves.setdefault(name, []).append(value)
        each_round(Round(done, most, metrics))
        worth = next((value if larger else -value for part, _, value, larger in reversed(found) if part == STOP), done)
        if worth > best:
            grown.rounds, best = done, worth
        if ended or (patience and done - grown.rounds >= patience):
            break
    return grown
