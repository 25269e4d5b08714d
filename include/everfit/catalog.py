"""Finds gates, rules, algorithms and the like by the name of their file: `everfit/gates/above_bar.py` is `above_bar`.

There is no registration: the file is enough. The class is the one public dataclass defined there that has the
method `judge` (a gate), `check` (a rule), `fit` (an algorithm), `map` (an engine), `stages` (a strategy of rolling
out) or `fires` (a trigger); a file without one is passed over.

>>> name_of(algorithm("xgboost"))
'xgboost'
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from everfit.errors import SpecError, UnknownName


@dataclass(frozen=True)
class Shelf:
    """One kind of thing that is found by name: its package, and the method that makes a class one of them."""

    what: str
    package: str
    method: str


GATES = Shelf("gate", "everfit.gates", "judge")
RULES = Shelf("rule", "everfit.validation.rules", "check")
ALGORITHMS = Shelf("algorithm", "everfit.models", "fit")
ENGINES = Shelf("engine", "everfit.engines", "map")
STRATEGIES = Shelf("strategy", "everfit.rollouts", "stages")
TRIGGERS = Shelf("trigger", "everfit.triggers", "fires")
MONITORS = Shelf("monitor", "everfit.monitors", "watch")


def gate(name: str) -> type[Any]:
    """The class of the gate `name`; `UnknownName` if no file in everfit/gates defines it."""
    return find(GATES, name)


def gates() -> Mapping[str, type[Any]]:
    """Every gate by name."""
    return _all(GATES)


def rule(name: str) -> type[Any]:
    """The class of the rule `name`; `UnknownName` if no file in everfit/validation/rules defines it."""
    return find(RULES, name)


def rules() -> Mapping[str, type[Any]]:
    """Every rule by name."""
    return _all(RULES)


def algorithm(name: str) -> type[Any]:
    """The class of the algorithm `name`; `UnknownName` if no file in everfit/models defines it."""
    return find(ALGORITHMS, name)


def algorithms() -> Mapping[str, type[Any]]:
    """Every algorithm by name."""
    return _all(ALGORITHMS)


def engine(name: str) -> type[Any]:
    """The class of the engine `name`; `UnknownName` if no file in everfit/engines defines it."""
    return find(ENGINES, name)


def engines() -> Mapping[str, type[Any]]:
    """Every engine by name."""
    return _all(ENGINES)


def strategies() -> Mapping[str, type[Any]]:
    """Every strategy of rolling out by name."""
    return _all(STRATEGIES)


def triggers() -> Mapping[str, type[Any]]:
    """Every trigger by name."""
    return _all(TRIGGERS)


def monitors() -> Mapping[str, type[Any]]:
    """Every monitor by name."""
    return _all(MONITORS)


def labels(gates: Iterable[Any]) -> tuple[str, ...]:
    """What each of some gates is called among them: its name, and for the second of that name `above_bar_2`."""
    seen: Counter[str] = Counter()
    found = []
    for name in (name_of(type(gate)) for gate in gates):
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(found)


def name_of(kind: type[Any]) -> str:
    """The name under which the catalog finds a class: that of its file."""
    return kind.__module__.rpartition(".")[2]


@cache
def find(shelf: Shelf, name: str) -> type[Any]:
    """The class of that name on a shelf; `UnknownName`, with the nearest known ones, if there is none."""
    found = _class_in(shelf, name) if name in _files(shelf) else None
    if found is None:
        raise UnknownName(shelf.what, name, _all(shelf))
    return found


@cache
def _all(shelf: Shelf) -> Mapping[str, type[Any]]:
    classes = {name: _class_in(shelf, name) for name in _files(shelf)}
    return {name: found for name, found in classes.items() if found is not None}


def _files(shelf: Shelf) -> list[str]:
    package = import_module(shelf.package)
    return sorted(m.name for m in iter_modules(package.__path__) if not m.ispkg and not m.name.startswith("_"))


def _class_in(shelf: Shelf, name: str) -> type[Any] | None:
    module = import_module(f"{shelf.package}.{name}")
    found = [
        kind
        for title, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and not title.startswith("_") and is_dataclass(kind)
        if callable(getattr(kind, shelf.method, None))
    ]
    if len(found) > 1:
        names = ", ".join(kind.__name__ for kind in found)
        raise SpecError(
            f"{module.__file__}: found {names}, wanted one public class with `{shelf.method}`; move the others"
        )
    return found[0] if found else None
