"""`extra`: more of a library's own parameters, beside the settings that an algorithm has itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any


def check_extra(algorithm: Any, aliases: Mapping[str, str], ours: Collection[str]) -> None:
    """Raise `ValueError` for a name in `algorithm.extra` that is one of its settings, perhaps by another name, or one
    that everfit sets itself."""
    settings = {field.name for field in fields(algorithm)}
    for name in algorithm.extra:
        if (setting := aliases.get(name, name)) in settings:
            raise ValueError(f"extra.{name}: this is the setting {setting!r}: write it there")
        if name in ours:
            raise ValueError(f"extra.{name}: everfit sets this itself; take it out")
