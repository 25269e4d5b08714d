"""Algorithms: one file each, found by its name, with one dataclass of parameters that can `fit` and `load`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from everfit.models.objectives import Objective
from everfit.models.rows import Part, Rows, sample, whole
from everfit.models.space import Space
from everfit.models.terms import Checkpoints, EachRound, Forgetful, Kept, Round, Terms, all_of

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
    quantile task. `objective` is a function of the team's own that the spec names, to be minimised. With `base`, a
    model of the same algorithm and columns, training goes on from that.
    """

    task: str
    names: Sequence[str]
    kinds: Sequence[str]
    train: Part
    holdout: Rows
    stop: Stop | None = None
    classes: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()
    objective: Objective | None = None
    base: bytes | None = None


@dataclass(frozen=True)
class Trained:
    """A trained model in its own file format, where it was trained, and how it went.

    `rounds` is how many rounds the model keeps. `curves` has one value per round for each metric (`train_auc`,
    `holdout_auc`, ...). `importance` says for each column what share of the improvement it brought; the shares add up
    to 1, and none are given by an algorithm that looks at no column. `facts` are the algorithm's own remarks for the
    lineage, such as how its matrix was kept.
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

        A multiclass task has one column per class, a quantile task one per level (of a single one it need not be a
        column). A ranking is by descending score; survival's score is the time that half of the rows will have waited.
        """


@runtime_checkable
class Explains(Protocol):
    """A loaded model that also says what made its answers: every algorithm of trees can."""

    def contributions(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """What each column did to the answer of each row: rows, by answers (one where there is one), by columns.

        On the scale on which the model adds up (log-odds of a binary task): the contributions of a row and a constant
        make its raw answer (Shapley values; Lundberg et al., Nature Machine Intelligence 2 (2020) 56-67).
        """

    def importance(self) -> NDArray[np.float64]:
        """For each column the share of the improvement that it brought in training; they add up to 1, or are all 0."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model in a runtime that answers a few rows sooner than its library, and, for each column of the matrix, the
    numbers at which its answers change: whoever compares the two looks there."""

    scorer: Scorer
    thresholds: Sequence[NDArray[np.float32]]


@runtime_checkable
class Compiles(Protocol):
    """A loaded model that may have such a runtime."""

    def compiled(self) -> Compiled | str:
        """The model compiled, with the same answers up to rounding, or why it is not."""


class Algorithm(Protocol):
    """What a file in everfit/models defines: a frozen dataclass of parameters.

    `file` is the name that the model has in its folder, `tasks` what it can learn. `search_space` is where a search
    looks when the spec does not say; empty where there is nothing to search. `goes_on` says whether it can start from a
    model (`Training.base`). It may have `check(task)`, which raises `SpecError` when its settings do not fit the task
    of a spec, and `fewest_rows(task)`: below so many it could learn nothing.
    """

    file: ClassVar[str]
    tasks: ClassVar[frozenset[str]]
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
    "Compiled",
    "Compiles",
    "EachRound",
    "Explains",
    "Forgetful",
    "Kept",
    "Objective",
    "Part",
    "Round",
    "Rows",
    "Scorer",
    "Stop",
    "Terms",
    "Trained",
    "Training",
    "all_of",
    "sample",
    "whole",
]
