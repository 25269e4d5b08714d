"""Rows as monitors look at them: those that a version was judged on, or raw rows with what it answered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from everfit.monitors import Rows
from everfit.spec.usual import LOSSES
from everfit.statistics.days import days
from everfit.statistics.decay.columns import Column
from everfit.statistics.losses import per_row
from everfit.statistics.truth import Truth
from everfit.steps.about import values

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.gates import Evidence
    from everfit.predictor import Card
    from everfit.spec import ModelSpec
    from everfit.values import Answer

    Array = NDArray[np.float64]

BY_GROUP = frozenset({"ranking", "survival"})
"""Tasks whose loss a label alone does not give: a row is held against others, or may not have come to its end."""
HOUR, NOON, DAY = 3600.0, 43200.0, 86400.0


def judged_rows(spec: ModelSpec, evidence: Evidence, card: Card) -> Rows:
    """The rows that a version was judged on, with the scores that it had then."""
    import numpy as np

    known = evidence.about.get(spec.time)
    at = evidence.clusters * DAY + NOON if known is None or known.dtype == object else known * HOUR
    columns = tuple(column(name, evidence.about[name]) for name in _watched(card))
    scores, y = evidence.candidate, evidence.y
    if evidence.columns:  # those of the champion before, and classes that nobody knew, stand beside its own
        scores = scores[:, [evidence.columns.index(name) for name in card.scores]]
    if spec.task == "multiclass":
        y = label_numbers(spec.task, [evidence.columns[int(one)] for one in y], card.scores)
    at = np.asarray(at, dtype=np.float64)
    return _rows(spec, columns, at, evidence.clusters, scores, y, at)


def answered_rows(
    spec: ModelSpec, card: Card, inputs: pd.DataFrame, at: Array, scores: Array, y: Array, heard: Array
) -> Rows:
    """Raw rows, typed as the version reads them, with its answers, and with labels as far as they have come.

    A row's day is that of its own time, where callers send it, else of when it was asked.
    """
    import numpy as np

    own = values(inputs[spec.time]) if spec.time in inputs else np.full(len(at), np.nan)
    there = own.dtype != object
    hours = np.where(np.isfinite(own), own, at / HOUR) if there else at / HOUR
    columns = tuple(column(name, values(inputs[name])) for name in _watched(card))
    return _rows(spec, columns, at, days(np.floor(hours).astype(np.int64)), scores, y, heard)


def _watched(card: Card) -> list[str]:
    """The inputs but for times: those of a window are later than those before, always."""
    return [one.name for one in card.inputs.inputs if one.kind != "time"]


def column(name: str, found: NDArray[Any]) -> Column:
    """A column of numbers as it is, one of texts by the places of its categories."""
    import numpy as np
    import pandas as pd

    if found.dtype != object:
        return Column(name, found.astype(np.float64))
    codes, names = pd.factorize(pd.Series(found, dtype="str"), sort=True)
    return Column(name, np.where(codes < 0, np.nan, codes).astype(np.float64), tuple(map(str, names)))


def score_numbers(answers: Iterable[Answer | None], names: Sequence[str]) -> Array:
    """Answers as numbers, with a column for each class or quantile where there are several; NaN where there is none."""
    import numpy as np

    width = max(1, len(names))
    found = np.array([_numbers(one, names, width) for one in answers], dtype=np.float64)
    return found.reshape(-1, width) if names else found.reshape(-1)


def _numbers(answer: Answer | None, names: Sequence[str], width: int) -> Sequence[float]:
    if isinstance(answer, Mapping):
        return [answer.get(name, math.nan) for name in names]
    return [math.nan] * width if answer is None else [float(answer)]


def label_numbers(task: str, labels: Sequence[Any], names: Sequence[str]) -> Array:
    """Labels as losses want them: a class by its place among the columns of scores; NaN for what is not known."""
    import numpy as np

    if task != "multiclass":
        return np.array([_number(value) for value in labels], dtype=np.float64)
    place = {name: float(code) for code, name in enumerate(names)}
    return np.array([place.get(str(value), np.nan) for value in labels], dtype=np.float64)


def losses_of(spec: ModelSpec, y: Array, scores: Array) -> Array:
    """The loss of each row: NaN without a label or an answer, and for tasks whose rows have none by themselves."""
    import numpy as np

    found = np.full(len(y), np.nan)
    if spec.task not in BY_GROUP:
        there = np.isfinite(y) & np.isfinite(scores.reshape(len(y), -1)).all(axis=1)
        truth = Truth(y[there], levels=tuple(spec.quantiles))
        found[there] = per_row(LOSSES[spec.task], truth, scores[there])
    return found


def _rows(
    spec: ModelSpec,
    columns: Sequence[Column],
    at: Array,
    day: NDArray[np.int64],
    scores: Array,
    y: Array,
    heard: Array,
) -> Rows:
    """In the order of time."""
    import numpy as np

    order = np.argsort(at, kind="stable")
    losses = losses_of(spec, y, scores)
    ordered = (some[order] for some in (scores, y, heard, losses))
    return Rows(at[order], day[order], tuple(one.of(order) for one in columns), *ordered)


def _number(value: Any) -> float:
    try:
        return math.nan if value is None else float(value)
    except ValueError:
        return math.nan
