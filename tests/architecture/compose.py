"""Read a compose file as the container engine does, and run its services as plain processes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
HOME = "/usr/local/airflow"
VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:[-?])([^}]*))?\})")


class MissingError(Exception):
    """A variable that must be given is not; the message is the file's own."""


def load(file: str, values: Mapping[str, str]) -> dict[str, Any]:
    """The services of the file, with variables put in."""
    return interpolate(yaml.safe_load((PROJECT / file).read_text())["services"], values)


def interpolate(node: Any, values: Mapping[str, str]) -> Any:
    """`node` with every `${NAME}`, `${NAME:-default}` and `${NAME:?message}` replaced, and `$$` made `$`."""
    if isinstance(node, dict):
        return {key: interpolate(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [interpolate(value, values) for value in node]
    return VARIABLE.sub(lambda match: _value(match, values), node) if isinstance(node, str) else node


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    name, how, rest = match.groups()
    if name is None:
        return "$"
    if values.get(name):
        return values[name]
    if how == ":-":
        return str(rest)
    raise MissingError(f"{name}: {rest}" if how == ":?" else name)


def variables(file: str) -> dict[str, set[str]]:
    """Name of each variable that the file uses, with the ways in which it does (`:-`, `:?`, or nothing)."""
    found: dict[str, set[str]] = {}
    for name, how, _ in VARIABLE.findall((PROJECT / file).read_text()):
        if name:
            found.setdefault(name, set()).add(how)
    return found


def example() -> dict[str, str]:
    """What .env.example says."""
    lines = (PROJECT / ".env.example").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)  # type: ignore[arg-type]


def filled() -> dict[str, str]:
    """The example with every empty value filled in, as a person would."""
    import base64
    import secrets

    optional = {"MODEL_SERVER_CALLERS"}
    said = example().items()
    made = {name: value or ("" if name in optional else secrets.token_hex(16)) for name, value in said}
    return made | {"AIRFLOW_FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}


def assigned(text: str) -> Iterator[tuple[str, str]]:
    """Every `NAME=value` and `NAME := value` in a Dockerfile or Makefile."""
    yield from re.findall(r"(?:ENV |export |^ {4})([A-Z_]+) ?:?= ?(\S+)", text, re.MULTILINE)
