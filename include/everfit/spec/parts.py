"""What every part of a model spec is made with: frozen, strict, and read from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

NAME = r"^[a-z][a-z0-9_]{0,62}$"
Name = Annotated[str, Field(pattern=NAME)]


class Frozen(BaseModel):
    """A part of the spec: nothing in it changes once read, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def folder_being_read(info: ValidationInfo) -> Path | None:
    """The model's folder while `load_spec` reads a file; None for a spec that is built in Python."""
    return info.context["folder"] if info.context else None


def suites_needed(info: ValidationInfo) -> bool:
    """Whether each table's expectations must be there while `load_spec` reads a file."""
    return bool(info.context and info.context.get("suites", True))
