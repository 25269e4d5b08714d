"""What a gate may ask while the model is at hand: the candidate, the champion, and the rows of the holdout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from everfit.values import Answer

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence


class Asked(Protocol):
    """A model that answers: `predict` takes raw rows as a caller sends them, `score` rows of its own features."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that a caller sends."""
        ...

    def predict(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """One score per row, in order."""
        ...

    def score(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """One score per row of a feature table, in order."""
        ...


class Answering(Protocol):
    """A model that a real server serves, in a process of its own: `seconds` is what it took to load."""

    @property
    def seconds(self) -> float:
        """From the start of the process until it could answer."""
        ...

    @property
    def peak_mb(self) -> float:
        """The most memory that the process has held so far."""
        ...

    def ask(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Answer]:
        """One answer per row, over HTTP."""
        ...


@dataclass(frozen=True, eq=False)
class Known:
    """One of the two models: what it answers, the folder that it is loaded from, and the labelled rows of the holdout
    as its own code makes them.

    `sample(n)` gives `n` evenly spaced rows as a caller sends them, and the model's answer to each here. `serve()`
    starts a server for it, until the end of the block.
    """

    model: Asked
    folder: Path
    raw: pd.DataFrame
    sample: Callable[[int], tuple[Sequence[Mapping[str, Any]], Sequence[Answer | None]]]
    serve: Callable[[], AbstractContextManager[Answering]]


@dataclass(frozen=True, eq=False)
class Past:
    """A past window: the same recipe, trained on the batches before it, and judged on it; `name` is its partition."""

    name: str
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class Subject:
    """What a gate's `measure` is given. All rows are those of `evidence`, in its order.

    `features` are the candidate's features of the holdout, made without knowing it; `learnt` those of (at most 10,000,
    evenly drawn) training rows, and `labels` their labels. `champion` is None where there is none to compare with.
    `seed` is the spec's: what is drawn is drawn from it, so that the same evidence comes again. `past(n)` trains the
    candidate's recipe again for each of the newest `n` training batches, or as many as have one before them.
    `both_ways(n)` gives the features of `n` labelled rows of the oldest held-out batch twice: from the feature table,
    and made as a server makes them, from what a caller sends.
    """

    candidate: Known
    champion: Known | None
    features: pd.DataFrame
    learnt: pd.DataFrame
    labels: NDArray[np.float64]
    evidence: Evidence
    seed: int
    past: Callable[[int], Iterator[Past]]
    both_ways: Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]
