"""Turns a name and its settings, as written in a spec, into the gate, rule, strategy and so on that they mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from everfit import catalog
from everfit.errors import SpecError, UnknownName, did_you_mean
from everfit.spec.mistakes import Mistake, Path, complaint, in_our_words


def build(kind: Any, settings: Mapping[str, Any], at: Path = ()) -> Any:
    """An instance of the frozen dataclass `kind`; every wrong setting is one mistake, `at` the place it was written."""
    known = [field.name for field in fields(kind) if field.init]
    mistakes = [
        Mistake((*at, key), f"there is no such setting{did_you_mean(str(key), known)}")
        for key in settings
        if key not in known
    ]
    given = {key: value for key, value in settings.items() if key in known}
    made = None
    try:
        # JSON, because in strict mode it is what lets a list be a tuple and a word an enum but no text a number
        made = adapter(kind).validate_json(json.dumps(given, default=str), strict=True)
    except ValidationError as error:
        mistakes += [_at_its_setting(mistake, known).under(at) for mistake in in_our_words(error, kind)]
    except SpecError as error:
        mistakes.append(Mistake(at, str(error)))
    if mistakes:
        raise complaint(mistakes)
    return made


def _at_its_setting(mistake: Mistake, known: list[str]) -> Mistake:
    """A class that checks itself begins its message with the name of the setting: `margin: wanted ...`."""
    setting, colon, text = mistake.text.partition(": ")
    return Mistake((setting,), text) if colon and not mistake.at and setting in known else mistake


def gate_from(item: Any) -> Any:
    """A gate as written, `name` or `{name: {settings}}`, as an instance of its class; an instance is taken as it is."""
    return named(catalog.GATES, item)


def rule_from(item: Any) -> Any:
    """A rule as written, `name` or `{name: {settings}}`, as an instance of its class; an instance is taken as it is."""
    return named(catalog.RULES, item)


def strategy_from(item: Any) -> Any:
    """A strategy as written, `name` or `{name: {settings}}`, as an instance of its class."""
    return named(catalog.STRATEGIES, item)


def monitor_from(item: Any) -> Any:
    """A monitor as written, `name` or `{name: {settings}}`, as an instance of its class."""
    return named(catalog.MONITORS, item)


def named(shelf: catalog.Shelf, item: Any) -> Any:
    """What an item stands for, of the things on one shelf."""
    settings: Any
    match item:
        case str():
            name, settings = item, {}
        case dict() if len(item) == 1:
            [(name, settings)] = item.items()
        case _ if callable(getattr(item, shelf.method, None)):
            return item
        case _:
            wanted = f"the name of a {shelf.what}, or one name with its settings: `name: {{key: value}}`"
            raise complaint([Mistake((), f"wanted {wanted}")])
    try:
        kind = catalog.find(shelf, name)
    except UnknownName as error:
        raise complaint([Mistake((), str(error))]) from error
    at: Path = () if isinstance(item, str) else (name,)
    if not isinstance(settings, dict | None):
        raise complaint([Mistake(at, f"found {settings!r}, wanted the {shelf.what}'s settings: `{{key: value}}`")])
    return build(kind, settings or {}, at)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What checks the settings of one class."""
    return TypeAdapter(kind)
