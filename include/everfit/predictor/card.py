"""`everfit.json`: what a model folder says about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everfit.errors import Corrupted
from everfit.features import Columns, Inputs
from everfit.values import dump, load

FILE = "everfit.json"
RARE = ("classes", "quantiles", "objectives")


@dataclass(frozen=True)
class Card:
    """Everything needed to score with a model, and to make it again.

    `code` is the SHA-256 of `features.py`, `history` names the tables in `history/`, `libraries` the versions that
    trained it. `classes` are those of a multiclass task in the order of their scores, `quantiles` the levels of a
    quantile task, `objectives` the SHA-256 of the `objectives.py` that it was trained with, if it was; a card says
    nothing of what its model has not. There is no time and no place in it: the same training gives the same bytes.
    """

    model: str
    task: str
    label: str
    algorithm: str
    params: Mapping[str, Any]
    seed: int
    snapshot: str
    code: str
    inputs: Inputs
    columns: Columns
    history: tuple[str, ...]
    libraries: Mapping[str, str]
    classes: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()
    objectives: str = ""

    @property
    def scores(self) -> tuple[str, ...]:
        """What the columns of the scores stand for: classes, or levels of quantiles; nothing where it is one number."""
        return self.classes or tuple(f"{level:g}" for level in self.quantiles)

    def to_bytes(self) -> bytes:
        """The card as JSON that people can read too."""
        said = {name: value for name, value in dump(self).items() if value or name not in RARE}
        return (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def read(cls, folder: Path) -> Card:
        """The card of a model folder; `Corrupted` if it is missing or no card."""
        path = folder / FILE
        try:
            return load(cls, json.loads(path.read_bytes()))
        except FileNotFoundError as error:
            raise Corrupted(f"{folder} is no model folder: it has no {FILE}") from error
        except ValueError as error:
            raise Corrupted(f"{path} does not describe a model: {error}") from error
