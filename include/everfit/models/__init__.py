"""Algorithms: one file each, found by its name, with one dataclass of parameters that can `fit` and `load`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.ports import Progress


@dataclass(frozen=True, eq=False)
class Part:
    """Rows as a float32 matrix (a missing value is NaN) with one label each."""

    matrix: NDArray[np.float32]
    labels: NDArray[np.float32]

    def sample(self, rows: int) -> Part:
        """So many of the rows, evenly spread, or all of them if there are no more."""
        import numpy as np

        kept = np.unique(np.linspace(0, len(self.labels) - 1, min(rows, len(self.labels))).astype(int))
        return Part(self.matrix[kept], self.labels[kept])


@dataclass(frozen=True, eq=False)
class Training:
    """What an algorithm gets: the task, the names and kinds (`q` or `c`) of the matrix' columns, and two parts.

    It learns from `train`. It only watches `holdout`: its curve is drawn, and nothing is decided by it.
    """

    task: str
    names: Sequence[str]
    kinds: Sequence[str]
    train: Part
    holdout: Part


@dataclass(frozen=True)
class Trained:
    """A trained model in its own file format, where it was trained, and how it went.

    `curves` has one value per round for each metric (`train_auc`, `holdout_auc`, ...). `importance` says for each
    column what share of the improvement it brought; the shares add up to 1.
    """

    model: bytes
    device: str
    threads: int
    seconds: float
    curves: Mapping[str, Sequence[float]]
    importance: Mapping[str, float]


class Scorer(Protocol):
    """A loaded model."""

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """One score per row: a probability for a binary task, the number itself for regression."""


class Algorithm(Protocol):
    """What a file in everfit/models defines. `file` is the name that the model has in its folder."""

    file: ClassVar[str]

    def fit(self, data: Training, device: str, seed: int, progress: Progress) -> Trained:
        """Train; equal data, parameters, seed and device give equal bytes."""

    @staticmethod
    def load(path: Path) -> Scorer:
        """A saved model, ready to score."""


__all__ = ["Algorithm", "Part", "Scorer", "Trained", "Training"]
