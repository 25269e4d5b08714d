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
    """Evenly spaced rows, scored by the final bundle after the way through JSON that a request takes too."""
    import numpy as np
    import pandas as pd

    places = np.unique(np.linspace(0, len(rows) - 1, min(size, len(rows))).round().astype(int))
    chosen = as_sent(predictor.card.inputs.read(rows.iloc[places]))
    answers = predictor.answers(pd.DataFrame(chosen, columns=list(predictor.inputs)))
    return Sample(chosen, [answer if all(map(isfinite, numbers(answer))) else None for answer in answers])


def as_sent(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as a caller sends them, plain JSON values: a missing value is null, a time is text."""
    plain = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return [{str(name): v.isoformat() if hasattr(v, "isoformat") else v for name, v in row.items()} for row in plain]
