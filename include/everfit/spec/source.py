"""Reads YAML as plain data that still knows its lines; a key that is written twice is a mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import yaml

from everfit.spec.mistakes import Mistake, Path


class _Loader(yaml.SafeLoader):
    """YAML as people expect it: 5e-3 is a number, 2013-05-01 is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


@dataclass
class Source:
    """What a YAML file says: its data, the line of every key and item, and what is wrong with the writing itself."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=lambda: {(): 1})
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, mistake: Mistake) -> int:
        """The line to look at: the mistake's own, that of its key, or of the nearest thing above that."""
        path = mistake.at
        while path not in self.lines:
            path = path[:-1]
        return mistake.line or self.lines[path]


def read_yaml(text: str) -> Source:
    """The data of a YAML text with its lines; mistakes are collected, never raised.

    >>> source = read_yaml("window:\\n  batches: 6\\n  batches: 7\\n")
    >>> source.data, source.line(source.mistakes[0]), str(source.mistakes[0])
    ({'window': {'batches': 6}}, 3, 'window.batches: is written twice, first on line 2')
    """
    source = Source()
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        source.data = _value(loader, node, (), source) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.lines[()] = mark.line + 1 if mark else 1
        context = f" ({error.context})" if error.context else ""
        source.mistakes.append(Mistake((), f"this is not YAML: {error.problem}{context}"))
    except yaml.YAMLError as error:
        source.mistakes.append(Mistake((), f"this is not YAML: {error}"))
    except RecursionError:
        source.mistakes.append(Mistake((), "this YAML contains itself"))
    return source


def _value(loader: _Loader, node: yaml.Node, path: Path, source: Source) -> Any:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*path, i), source) for i, item in enumerate(node.value)]
    value = loader.construct_object(node)
    if isinstance(value, float) and not isfinite(value):
        source.mistakes.append(Mistake(path, f"found {node.value}, wanted a finite number"))
        return 0.0
    return value


def _mapping(loader: _Loader, node: yaml.MappingNode, path: Path, source: Source) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        here, line = (*path, str(key_node.value)), key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            source.mistakes.append(Mistake(path, "found a list or mapping as a key, wanted a word", line))
        elif key_node.value in found:
            source.mistakes.append(Mistake(here, f"is written twice, first on line {source.lines[here]}", line))
        else:
            source.lines[here] = line
            found[key_node.value] = _value(loader, value_node, here, source)
    return found
