"""What is wrong with a spec, in words for the person who wrote it: where, what was found, what was wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from everfit.errors import did_you_mean

Path = tuple[str | int, ...]
SHOWN = 10
MISSING = "is missing"

WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "model_type": "keys and their values",
    "dict_type": "keys and their values",
    "tuple_type": "a list",
    "list_type": "a list",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "too_short": "at least {min_length} of them",
    "string_too_short": "at least {min_length} character",
    "string_pattern_mismatch": "text like {pattern}",
}
DURATION = r"^[1-9][0-9]{0,4}[mhd]$"
PATTERNS = {DURATION: "a time such as 30m, 24h or 3d"}
"""What is easier said than shown as a pattern."""


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong, the keys that lead to it, and its line if that is not the line of the last key."""

    at: Path
    text: str
    line: int | None = None

    def under(self, place: Path) -> Mistake:
        """The same mistake, seen from further up."""
        return Mistake((*place, *self.at), self.text, self.line)

    def __str__(self) -> str:
        return f"{dotted(self.at)}: {self.text}" if self.at else self.text


def complaint(mistakes: Sequence[Mistake]) -> PydanticCustomError:
    """Mistakes as an error that a pydantic validator can raise; `in_our_words` takes them out again."""
    return PydanticCustomError("mistakes", "; ".join(map(str, mistakes)), {"mistakes": tuple(mistakes)})


def in_our_words(error: ValidationError, kind: type[Any]) -> list[Mistake]:
    """The mistakes behind pydantic's error on the class `kind`, a misspelt key and the key missing for it as one."""
    details = error.errors(include_url=False)
    found = [mistake for detail in details for mistake in _translate(detail, kind)]
    meant = {(*m.at[:-1], near[1]) for m in found if (near := re.search(r"did you mean '(\w+)'", m.text))}
    return [m for m in found if not (m.text == MISSING and m.at in meant)]


def one_per_line(where: str, mistakes: Iterable[str]) -> str:
    """A message with one mistake per line, cut after the first ten."""
    lines = list(mistakes)
    if len(lines) == 1:
        return f"{where}: {lines[0]}"
    rest = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n  ".join([f"{where} has {len(lines)} mistakes:", *lines[:SHOWN], *rest])


def dotted(path: Path) -> str:
    """A path as people write it.

    >>> dotted(("gates", 1, "above_bar", "metric"))
    'gates[1].above_bar.metric'
    """
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _translate(detail: ErrorDetails, kind: type[Any]) -> Iterator[Mistake]:
    at = tuple(step for step in detail["loc"] if step != "[key]")
    context = detail.get("ctx", {})
    match detail["type"]:
        case "mistakes":
            yield from (mistake.under(at) for mistake in context["mistakes"])
        case "missing":
            yield Mistake(at, MISSING)
        case "extra_forbidden":
            yield Mistake(at, f"there is no such key{did_you_mean(str(at[-1]), _keys(kind, at[:-1]))}")
        case "enum" | "literal_error":
            known = re.findall(r"'([^']*)'", context["expected"])
            yield Mistake(at, f"found {_shown(detail['input'])}{did_you_mean(str(detail['input']), known)}")
        case "value_error" | "assertion_error":
            yield Mistake(at, str(context["error"]))
        case "string_pattern_mismatch" if context["pattern"] in PATTERNS:
            yield Mistake(at, f"found {_shown(detail['input'])}, wanted {PATTERNS[context['pattern']]}")
        case other:
            wanted = WANTED[other].format(**context) if other in WANTED else detail["msg"]
            yield Mistake(at, f"found {_shown(detail['input'])}, wanted {wanted}")


def _keys(kind: Any, path: Path) -> list[str]:
    """The keys that may be written at `path` of the spec class `kind`."""
    for step in path:
        fields = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
        kind = fields[step].annotation if step in fields else get_args(kind)[-1] if get_origin(kind) is dict else None
        if isinstance(kind, UnionType):  # a part that may be left out
            kind = get_args(kind)[0]
    fields = kind.model_fields if kind else {}
    return [field.alias or name for name, field in fields.items() if name != "folder"]


def _shown(value: Any, most: int = 60) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "keys and their values"
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= most else f"{text[: most - 3]}..."
