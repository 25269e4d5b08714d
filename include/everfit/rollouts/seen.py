"""What was seen of champion and challenger so far: columns, one entry per request and one per row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.refuse import one_of
from everfit.statistics.calls import Calls
from everfit.statistics.losses import TASKS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BY_ROW = [loss for loss, tasks in TASKS.items() if "ranking" not in tasks]
"""The losses that each row has by itself; of a ranking only a whole list has one."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that one version scored, in any order: a request may have many.

    `at`: when, in the same seconds as those of the calls; rows of one request have the same. `scores`: `(rows,)`, or
    `(rows, columns)` with a column per class or quantile; NaN where there is none (of paired rows, where that version
    failed). `y`: the label as in `everfit.statistics.truth.Truth`, NaN as long as it has not come. `observed`: of a
    survival task, False where the event has not come by the time in `y`.
    """

    at: Array
    scores: Array
    y: Array
    observed: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Arm:
    """All that was seen of one version."""

    calls: Calls
    rows: Rows


@dataclass(frozen=True, eq=False)
class Watched:
    """What was seen of both versions since the watching began; call it again with more, never with a part.

    `paired` is the shadow: entry `i` of the calls, and entry `i` of the rows, is the same request and the same row for
    both versions, so that all columns of both are equally long, and both have the same `at` and `y`. Else it is the
    canary: two arms, each request in one of them by the deal of the route and not by what is in it, the share of the
    challenger changing as it may.

    `task` is the task of the spec; `loss` one of `everfit.statistics.losses` that is by row, or "" where none is asked;
    `levels` are the quantiles that the columns of the scores stand for (quantile task).
    """

    task: str
    loss: str
    champion: Arm
    challenger: Arm
    paired: bool
    levels: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.loss:
            one_of("loss", self.loss, BY_ROW)
        for who, arm in (("champion", self.champion), ("challenger", self.challenger)):
            _same_length(f"{who}.calls", arm.calls.at, arm.calls.failed, arm.calls.seconds)
            _same_length(f"{who}.rows", arm.rows.at, arm.rows.scores, arm.rows.y)
        if self.paired:
            _same("calls", self.champion.calls.at, self.challenger.calls.at)
            _same("rows", self.champion.rows.at, self.challenger.rows.at)


def _same_length(what: str, *columns: NDArray[np.generic]) -> None:
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"{what}: wanted columns of one length, found {', '.join(map(str, lengths))}")


def _same(what: str, times: Array, other_times: Array) -> None:
    import numpy as np

    _same_length(f"{what} of a pair", times, other_times)
    if not np.array_equal(times, other_times):
        raise ValueError(f"{what} of a pair: wanted the same times for both, found others")
