"""How much one feature tells of the label, all by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.statistics.auc import auc
from everfit.statistics.interval import Measured
from everfit.statistics.metrics import measure
from everfit.statistics.truth import Truth

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BINS = 64
PRIOR = 5
"""The label of a bin is believed as much as its rows outnumber so many average ones."""


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of a feature's values: those of numbers between `edges`, one for each of the `names` of texts, and one
    more for what is missing or was never seen."""

    edges: Array | None
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, column: pd.Series[Any]) -> Bins:
        """Bins with about as many values each; of fewer than 65 different numbers each has its own.

        >>> import pandas as pd
        >>> Bins.of(pd.Series([0.0, 1.0, None, 1.0])).edges.tolist(), Bins.of(pd.Series(["b", None, "a"])).names
        ([0.5], ('a', 'b'))
        """
        import numpy as np

        numbers = _numbers(column)
        if numbers is None:
            return cls(None, tuple(sorted(column.dropna().astype(str).unique())))
        found = np.unique(numbers[np.isfinite(numbers)])
        if len(found) > BINS:
            found = np.unique(np.quantile(numbers[np.isfinite(numbers)], np.arange(1, BINS) / BINS))
            return cls(found)
        return cls((found[1:] + found[:-1]) / 2)

    def __len__(self) -> int:
        """How many there are."""
        return (len(self.names) if self.edges is None else len(self.edges) + 1) + 1

    def place(self, column: pd.Series[Any]) -> NDArray[np.int64]:
        """The bin of each value."""
        import numpy as np

        if self.edges is None:
            known = {name: place for place, name in enumerate(self.names)}
            return np.array([known.get(str(value), len(known)) for value in column], dtype=np.int64)
        numbers = _numbers(column)
        if numbers is None:
            return np.full(len(column), len(self) - 1)
        return np.where(np.isfinite(numbers), np.searchsorted(self.edges, numbers, side="right"), len(self) - 1)


def answer(learnt: pd.Series[Any], labels: Array, asked: pd.Series[Any]) -> Array:
    """What one who knows nothing but this feature would answer: the mean label of the learnt rows in the same bin.

    It is a tree with one feature, of any shape: it needs no order and no line. `labels` has a column for each class, or
    one. Shape of what comes back: a row for each asked one, the same columns.

    >>> import numpy as np, pandas as pd
    >>> told = answer(pd.Series(["a", "b"] * 500), np.tile([[1.0], [0.0]], (500, 1)), pd.Series(["a", "b", "c"]))
    >>> told.round(2).ravel().tolist()
    [1.0, 0.0, 0.5]
    """
    import numpy as np

    bins, usual = Bins.of(learnt), labels.mean(axis=0)
    at = bins.place(learnt)
    rows = np.bincount(at, minlength=len(bins))[:, None]
    sums = np.stack([np.bincount(at, weights=column, minlength=len(bins)) for column in labels.T], axis=1)
    return np.asarray(((sums + PRIOR * usual) / (rows + PRIOR))[bins.place(asked)], dtype=np.float64)


def targets(task: str, y: Array, classes: int) -> Array:
    """Labels as `answer` and `skill` take them: a column of 0 and 1 for each class, else one column as they are."""
    import numpy as np

    return np.eye(classes)[y.astype(np.int64)] if task == "multiclass" else y[:, None]


def skill(task: str, came: Array, answers: Array) -> Measured:
    """How well answers tell labels: the AUC of classes (each against the rest, weighted by its share), else R².

    >>> import numpy as np
    >>> skill("regression", np.array([[1.0], [3.0]]), np.array([[1.0], [3.0]])).value
    1.0
    """
    import numpy as np

    if task not in ("binary", "multiclass"):
        return measure("r2", Truth(came[:, 0]), answers[:, 0])
    shares = came.mean(axis=0)
    there = [place for place, share in enumerate(shares) if 0 < share < 1]
    weights = shares[there] / shares[there].sum()
    found = [auc(came[:, place], answers[:, place]) for place in there]
    value = sum(weight * one.value for weight, one in zip(weights, found, strict=True))
    influence = np.sum([weight * one.influence for weight, one in zip(weights, found, strict=True)], axis=0)
    return Measured(float(value), np.asarray(influence, dtype=np.float64))


def nothing(task: str) -> float:
    """The skill of one who knows nothing."""
    return 0.5 if task in ("binary", "multiclass") else 0.0


def _numbers(column: pd.Series[Any]) -> Array | None:
    """The values as numbers (times as nanoseconds); None if they are none."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        numbers = column.astype("int64").astype("float64").where(column.notna(), float("nan"))
        return np.asarray(numbers, dtype=np.float64)
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return np.asarray(column.to_numpy(dtype=float, na_value=float("nan")), dtype=np.float64)
    return None
