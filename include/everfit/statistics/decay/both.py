"""Reference and window side by side: one matrix, one list of days, one numbering of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.decay.columns import Column, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Matrix = NDArray[np.float32]

FEWEST_ROWS = 100
"""Of fewer rows nobody can say why they lose more."""

FEWEST_CLUSTERS = 8
"""With fewer days on a side its rows are taken for independent."""

LABEL_RANGES = 10
"""A label that is a quantity is cut into so many equal parts of the reference's rows."""


@dataclass(frozen=True, eq=False)
class Both:
    """The rows of reference and window, one after the other.

    `labels` are numbers of classes, or of ranges of a quantity, and None as long as the window has none; its losses are
    NaN then. `by_cluster` is False where rows were taken for independent, since there are too few days.
    """

    window: NDArray[np.bool_]
    clusters: Whole
    by_cluster: bool
    losses: Array
    labels: Whole | None
    scores: Array

    @property
    def days(self) -> tuple[Whole, Whole]:
        """The clusters of either side."""
        return self.clusters[~self.window], self.clusters[self.window]


def joined(reference: Window, window: Window, *, quantity: bool) -> Both:
    """Put the rows of a window after those of its reference, which has to have labels and losses."""
    import numpy as np

    if reference.y is None or reference.losses is None:
        raise ValueError("the reference has no labels and losses: without them nobody knows what the model was like")
    if (window.y is None) != (window.losses is None):
        raise ValueError("the window has labels without losses, or losses without labels: it takes both or neither")
    if min(reference.rows, window.rows) < FEWEST_ROWS:
        raise ValueError(
            f"found {reference.rows} rows of reference and {window.rows} of window: a cause needs {FEWEST_ROWS} each"
        )
    known, found = ([column.name for column in side.columns] for side in (reference, window))
    if known != found:
        raise ValueError(f"the reference has the columns {', '.join(known)}, and the window {', '.join(found)}")
    clusters, by_cluster = numbered(reference.clusters, window.clusters)
    there = np.arange(len(clusters)) >= reference.rows
    losses = window.losses if window.losses is not None else np.full(window.rows, np.nan)
    labels = None
    if window.y is not None:
        labels = np.concatenate([coded(side, reference.y, quantity=quantity) for side in (reference.y, window.y)])
    return Both(
        there,
        clusters,
        by_cluster,
        np.concatenate([reference.losses, losses]),
        labels,
        np.concatenate([reference.scores, window.scores]),
    )


def numbered(*sides: Whole) -> tuple[Whole, bool]:
    """The clusters of two sides, one after the other and none in both; rows by themselves where either has too few.

    >>> import numpy as np
    >>> numbered(np.arange(8), np.arange(9))[0][[0, 7, 8, 16]].tolist(), numbered(np.zeros(2), np.arange(9))[1]
    ([0, 7, 8, 16], False)
    """
    import numpy as np

    by_cluster = all(len(np.unique(side)) >= FEWEST_CLUSTERS for side in sides)
    one, other = (np.unique(side, return_inverse=True)[1] if by_cluster else np.arange(len(side)) for side in sides)
    return np.concatenate([one, other + one.max() + 1]).astype(np.int64), by_cluster


def coded(y: Array, of_reference: Array, *, quantity: bool) -> Whole:
    """The number of each row's class, or of the range that its quantity is in."""
    import numpy as np

    if not quantity:
        return y.astype(np.int64)
    edges = np.unique(np.quantile(of_reference, np.linspace(0, 1, LABEL_RANGES + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, y, side="right"), dtype=np.int64)


def matrix(reference: Sequence[Column], window: Sequence[Column], without: set[str]) -> Matrix:
    """All columns but some of both sides, categories numbered as in the reference."""
    import numpy as np

    sides = (
        np.concatenate([old.values, new.named_as(old)])
        for old, new in zip(reference, window, strict=True)
        if old.name not in without
    )
    rows = len(reference[0].values) + len(window[0].values)
    found = [side.astype(np.float32) for side in sides] or [np.zeros(rows, dtype=np.float32)]
    return np.column_stack(found)


def label_columns(both: Both) -> tuple[list[Column], list[Column]]:
    """The labels of either side as a column beside the others, to see what they do."""
    import numpy as np

    if both.labels is None:
        return [], []
    names = tuple(str(code) for code in range(int(both.labels.max()) + 1))
    values = both.labels.astype(np.float64)
    return [Column("label", values[~both.window], names)], [Column("label", values[np.asarray(both.window)], names)]
