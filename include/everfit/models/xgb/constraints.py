"""Constraints on trees, by the names of features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from everfit.errors import SpecError, UnknownName

DIRECTIONS = {"rising": 1, "falling": -1}


def constraints(
    names: Sequence[str], kinds: Sequence[str], monotone: Mapping[str, str], interactions: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """The parameters of XGBoost for them; features that are in no group of `interactions` may meet no other.

    Errors: `UnknownName` for a feature that there is not, `SpecError` for a category that shall rise or fall.

    >>> constraints(["hour", "distance"], ["q", "q"], {"distance": "rising"}, [["hour"], ["distance"]])
    {'monotone_constraints': (0, 1), 'interaction_constraints': '[[0], [1]]'}
    """
    _check("train.params.monotone", monotone, names)
    _check("train.params.interactions", [name for group in interactions for name in group], names)
    kind = dict(zip(names, kinds, strict=True))
    for name, direction in monotone.items():
        if kind[name] == "c":
            raise SpecError(f"train.params.monotone: {name!r} is a category, which has no order to be {direction} in")
    found: dict[str, Any] = {}
    if monotone:
        found["monotone_constraints"] = tuple(DIRECTIONS.get(monotone.get(name, ""), 0) for name in names)
    if interactions:
        found["interaction_constraints"] = str([[names.index(name) for name in group] for group in interactions])
    return found


def _check(setting: str, asked: Iterable[str], names: Sequence[str]) -> None:
    for name in asked:
        if name not in names:
            raise UnknownName(f"feature for {setting}", name, names)
