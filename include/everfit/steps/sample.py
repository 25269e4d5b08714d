"""A few raw rows with the candidate's scores: what a target must answer once the candidate is deployed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from everfit.values import Answer, numbers

if TYPE_CHECKING:
    import pandas as pd

    from everfit.predictor import Predictor

ROWS = 200


@dataclass(frozen=True)
class Sample:
    """Rows as a caller would send them, plain JSON values, and the score of each."""

    rows: Sequence[Mapping[str, Any]]
    scores: Sequence[Answer | None]


def draw_sample(predictor: Predictor, rows: pd.DataFrame, size: int = ROWS) -> Sample:
    """Evenly spaced rows, scored by the final bundle after the way through JSON that a request takes too; none to which
    the model's policy gives another answer than the model's own."""
    import numpy as np
    import pandas as pd

    guard = predictor.guard
    places = np.unique(np.linspace(0, len(rows) - 1, min(size, len(rows))).round().astype(int))
    chosen = [row for row in as_sent(predictor.card.inputs.read(rows.iloc[places])) if guard.look(row).asks]
    answers = predictor.answers(pd.DataFrame(chosen, columns=list(predictor.inputs)))
    pairs = zip(chosen, answers, strict=True)
    kept = [(row, answer) for row, answer in pairs if guard.with_doubt(guard.look(row), answer).asks]
    scores = [answer if all(map(isfinite, numbers(answer))) else None for _, answer in kept]
    return Sample([row for row, _ in kept], scores)


def as_sent(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as a caller sends them, plain JSON values: a missing value is null, a time is text."""
    plain = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return [{str(name): v.isoformat() if hasattr(v, "isoformat") else v for name, v in row.items()} for row in plain]
