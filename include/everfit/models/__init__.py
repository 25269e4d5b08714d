"""Algorithms: one file each, found by its name, with one dataclass of parameters that can `fit` and `load`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from everfit.models.rows import Part, Rows, sample
from everfit.models.space import Space
from everfit.models.terms import Checkpoints, EachRound, Forgetful, Kept, Round, Terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Stop:
    """Early stopping: the rounds end when `patience` of them have not made it better on `part`, the newest training
    span. The holdout never decides anything."""

    part: Part
    patience: int


@dataclass(frozen=True, eq=False)
class Training:
    """What an algorithm gets: the task, the names and kinds (`q` or `c`) of the matrix' columns, and the rows.

    It learns from `train`. `holdout` is a sample of the held-out rows: its curve is drawn, and nothing is decided by
    it. `classes` names the classes of a multiclass task in the order of their codes, `quantiles` the levels of a
    quantile task. With `base`, a model of the same algorithm and columns, training goes on from that.
    """

    task: str
    names: Sequence[str]
    kinds: Sequence[str]
    train: Part
    holdout: Rows
    stop: Stop | None = None
    classes: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()
    base: bytes | None = None


@dataclass(frozen=True)
class Trained:
    """A trained model in its own file format, where it was trained, and how it went.

    `rounds` is how many rounds the model keeps. `curves` has one value per round for each metric (`train_auc`,
    `holdout_auc`, ...). `importance` says for each column what share of the improvement it brought; the shares add up
    to 1. `facts` are the algorithm's own remarks for the lineage, such as how its matrix was kept.
    """

    model: bytes
    device: str
    threads: int
    seconds: float
    rounds: int
    curves: Mapping[str, Sequence[float]]
    importance: Mapping[str, float]
    facts: Mapping[str, str]


class Scorer(Protocol):
    """A loaded model."""

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """One score per row: a probability for a binary task, the number itself for regression.

        A multiclass task has one column per class, a quantile task one per level.
        """


class Algorithm(Protocol):
    """What a file in everfit/models defines. `file` is the name that the model has in its folder.

    `search_space` is where a search looks when the spec does not say; empty where there is nothing to search.
    `goes_on` says whether it can start from a model (`Training.base`).
    """

    file: ClassVar[str]
    search_space: ClassVar[Space]
    goes_on: ClassVar[bool]

    def fit(self, data: Training, terms: Terms) -> Trained:
        """Train; equal data, parameters, seed and device give equal bytes."""

    @staticmethod
    def load(path: Path) -> Scorer:
        """A saved model, ready to score."""


__all__ = [
    "Algorithm",
    "Checkpoints",
    "EachRound",
    "Forgetful",
    "Kept",
    "Part",
    "Round",
    "Rows",
    "Scorer",
    "Stop",
    "Terms",
    "Trained",
    "Training",
    "sample",
]
