"""The picture of a rehearsal: how good each policy was over time, and what its quality cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Policy:
    """What is drawn of a policy: by day (counted from 1970) the rows and the sum of their losses, when its champions
    came, its cost in CPU seconds, its mean loss, and whether it is on the Pareto front."""

    name: str
    days: Mapping[int, tuple[int, float]]
    champions: Sequence[datetime]
    seconds: float
    mean: float
    efficient: bool


def draw(policies: Sequence[Policy], loss: str, title: str, path: Path) -> Path:
    """Draw it."""
    return path
