"""What the pictures of an evaluation are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.plots.style import BASELINE, CANDIDATE, CHAMPION
from everfit.statistics.truth import Truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

COLOURS = {"candidate": CANDIDATE, "champion": CHAMPION, "baseline": BASELINE}


@dataclass(frozen=True, eq=False)
class Holdout:
    """What came, day and hour (UTC) of each row, and the scores of `candidate`, perhaps `champion`, and `baseline`.

    `columns` names the columns of scores that have several.
    """

    task: str
    truth: Truth
    scores: Mapping[str, Array]
    days: NDArray[np.int64]
    hours: NDArray[np.int64]
    columns: tuple[str, ...] = ()

    @property
    def y(self) -> Array:
        """The labels."""
        return self.truth.y

    @property
    def models(self) -> list[tuple[str, Array]]:
        """Champion first, so that the candidate is drawn above it."""
        return [(who, self.scores[who]) for who in ("champion", "candidate") if who in self.scores]
