"""A team's own kinds of expectation: `custom.py` beside the suites, loaded before a suite is built.

Each public class in it that derives from one of GX's becomes a type for suite files, by its name in snake case:
`ExpectColumnValuesToBeTailNumbers` is `expect_column_values_to_be_tail_numbers`. GX keeps all types of a process in
registries that know no models; here only the types of one model are in them at a time, so that two models may each have
a type of the same name. A type or a metric that GX has itself is refused: it would change what every suite means.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any

from everfit.errors import SpecError

FILE = "custom.py"
Registries = Mapping[str, Mapping[str, Any]]

_core: dict[str, dict[str, Any]] = {}
_loaded: dict[str, Custom] = {}


@dataclass(frozen=True)
class Custom:
    """A loaded `custom.py`: its bytes' SHA-256, the types that it adds, and what it put into GX's registries."""

    path: Path
    sha256: str
    kinds: tuple[str, ...]
    entries: Registries


def load_custom(folder: Path) -> Custom | None:
    """Make the types of `folder`'s custom.py, and of no other, known to GX; None if the folder has no such file.

    The code runs once per process and content, under a module name of its own. Errors: `SpecError` with file and line
    for a file that does not load, adds no type, or takes a name that GX uses itself.
    """
    path = folder / FILE
    if not path.is_file():
        if _loaded:
            _reset()
        return None
    _reset()
    source = path.read_bytes()
    sha256 = hashlib.sha256(source).hexdigest()
    name = f"everfit_expectations_{hashlib.sha256(str(path).encode() + source).hexdigest()[:16]}"
    if name not in _loaded:
        _loaded[name] = _load(path, source, sha256, name)
    custom = _loaded[name]
    for shelf, registry in _registries().items():
        registry.update(custom.entries[shelf])
    return custom


def _load(path: Path, source: bytes, sha256: str, name: str) -> Custom:
    _execute(path, source, name)
    _refuse_what_gx_has(path)
    entries: dict[str, dict[str, Any]] = {}
    for shelf, registry in _registries().items():
        added = {key: value for key, value in registry.items() if key not in _core[shelf]}
        entries[shelf] = {key: value for key, value in added.items() if _comes_from(name, value)}
        # A package that the file imports is imported once per process: what it adds stays, for every model.
        _core[shelf] |= {key: _copy(value) for key, value in added.items() if key not in entries[shelf]}
    kinds = tuple(entries["expectations"])
    if not kinds:
        raise SpecError(f"{path}: found no expectation, wanted a class that derives from one of great_expectations'")
    return Custom(path, sha256, kinds, entries)


def _execute(path: Path, source: bytes, name: str) -> None:
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # pydantic looks up a class's annotations there
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - the team's own code, by design
    except Exception as error:
        del sys.modules[name]
        _reset()
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = error.lineno if isinstance(error, SyntaxError) else next(reversed(lines), None)
        where = f"{path}:{line}" if line else str(path)
        raise SpecError(f"{where}: the file does not load: {type(error).__name__}: {error}") from error


def _refuse_what_gx_has(path: Path) -> None:
    for shelf, registry in _registries().items():
        for key, before in _core[shelf].items():
            if _copy(registry.get(key)) != before:
                _reset()
                raise SpecError(f"{path}: GX has {key!r} ({shelf}) itself; give yours another name")


def _reset() -> None:
    """Nothing but GX's own, and what packages added to it, in the registries."""
    for shelf, registry in _registries().items():
        core = _core.setdefault(shelf, {key: _copy(value) for key, value in registry.items()})
        registry.clear()
        registry.update({key: _copy(value) for key, value in core.items()})


def _registries() -> Mapping[str, dict[str, Any]]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read by GX when it is imported
    from great_expectations.expectations import registry

    registry.register_core_expectations()
    registry.register_core_metrics()  # private names below: GX has no way to take a type out again
    return {
        "expectations": registry._registered_expectations,
        "metrics": registry._registered_metrics,
        "renderers": registry._registered_renderers,
    }


def _copy(value: Any) -> Any:
    return {key: _copy(part) for key, part in value.items()} if isinstance(value, dict) else value


def _comes_from(module: str, value: Any) -> bool:
    """Whether a registry's entry (a class, or dicts and tuples with classes in them) was defined in `module`."""
    if isinstance(value, dict):
        return any(_comes_from(module, part) for part in value.values())
    if isinstance(value, tuple):
        return any(_comes_from(module, part) for part in value)
    return getattr(value, "__module__", None) == module
