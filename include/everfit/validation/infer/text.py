"""A suite file with changes made in its text, so that a diff shows these and nothing else.

JSON that is read and written again loses a person's lines and spaces. Here only the values that change are replaced,
and new expectations are appended in the style of the last one: each on a line of its own, or indented.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from everfit.validation.infer.merge import INFERRED, Merge
from everfit.validation.suites import Expectation

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"
Span = tuple[int, int]


def rewritten(text: str, merge: Merge) -> str:
    """The text of a suite with the changed arguments and the new expectations in it."""
    start, _ = members(text)["expectations"]
    entries = list(elements(text, start))
    edits: list[tuple[Span, str]] = []
    for change in merge.changed:
        begin, _ = entries[change.place]
        known = members(text, begin)
        edits.append(
            (known["kwargs"], _value(change.kwargs, text[slice(*known["kwargs"])], _indent(text, known["kwargs"][0])))
        )
        if change.description is not None and "description" in known:
            edits.append((known["description"], _dumped(change.description)))
    if merge.added:
        last = entries[-1][1] if entries else start + 1
        edits.append(((last, last), _appended(text, entries, merge.added)))
    for (begin, stop), new in sorted(edits, reverse=True):
        text = text[:begin] + new + text[stop:]
    return text


def first(name: str, added: tuple[Expectation, ...]) -> str:
    """A whole suite file, for a table that has none yet."""
    lines = ",\n".join(f"    {_dumped(_entry(one))}" for one in added)
    return f'{{\n  "name": {_dumped(name)},\n  "expectations": [\n{lines}\n  ]\n}}\n'


def inferred(text: str) -> tuple[bool, ...]:
    """For each expectation of a suite, whether inferring wrote it and nobody has made it theirs since."""
    entries = json.loads(text)["expectations"]
    return tuple((entry.get("meta") or {}).get("everfit") == INFERRED["everfit"] for entry in entries)


def members(text: str, start: int | None = None) -> dict[str, Span]:
    """Where the values of the JSON object at `start` (or the first one in the text) begin and end.

    >>> members('{"a": [1, 2], "b": {}}')
    {'a': (6, 12), 'b': (19, 21)}
    """
    at = _skip(text, (text.index("{") if start is None else start) + 1, _SPACE)
    found: dict[str, Span] = {}
    while text[at] == '"':
        key, at = scanstring(text, at + 1, True)
        begin = _skip(text, at, _SPACE + ":")
        _, end = _DECODER.raw_decode(text, begin)
        found[key] = (begin, end)
        at = _skip(text, end, _SPACE + ",")
    return found


def elements(text: str, start: int) -> Iterator[Span]:
    """Where the elements of the JSON array at `start` begin and end."""
    at = _skip(text, start + 1, _SPACE)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _skip(text, end, _SPACE + ",")


def _appended(text: str, entries: list[Span], added: tuple[Expectation, ...]) -> str:
    if not entries:
        return ",".join(f"\n    {_dumped(_entry(one))}" for one in added) + "\n  "
    begin, end = entries[-1]
    indent = _indent(text, begin)
    last = text[begin:end]
    return "".join(f",\n{indent}{_value(_entry(one), last, indent)}" for one in added)


def _entry(one: Expectation) -> dict[str, Any]:
    kwargs = dict(one.kwargs)
    head = {"type": one.kind, "kwargs": kwargs, "severity": one.severity}
    return {**head, "description": one.description, "meta": INFERRED}


def _value(value: Mapping[str, Any], like: str, indent: str) -> str:
    """JSON on one line or on several, as the text that it replaces or follows is."""
    if "\n" not in like:
        return _dumped(value)
    lines = like.splitlines()
    inner, outer = (line[: len(line) - len(line.lstrip())] for line in (lines[1], lines[-1]))
    return json.dumps(value, indent=inner.removeprefix(outer), ensure_ascii=False).replace("\n", f"\n{indent}")


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip())]


def _skip(text: str, at: int, over: str) -> int:
    while text[at] in over:
        at += 1
    return at
