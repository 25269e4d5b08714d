"""Why a version answers as it does: what each feature did to the answer of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from everfit.errors import DataError
from everfit.models import Explains
from everfit.predictor.predictor import Predictor, frame

Explanation = Mapping[str, float] | Mapping[str, Mapping[str, float]]
"""By feature, the largest first; where an answer has several numbers, by the name of each, and then by feature."""


def explain(predictor: Predictor, rows: Sequence[Mapping[str, Any]]) -> list[Explanation]:
    """What each feature did to the answers of rows, as callers send them.

    Shapley values on the scale on which the model adds up: log-odds of a binary task, the number itself of a
    regression. They and a constant of the version make the raw answer, so that a difference between two rows is the
    difference of what their features did (Lundberg et al., Nature Machine Intelligence 2 (2020) 56-67). Errors:
    `DataError` if the algorithm does not say what made its answers, or for rows that are not right.
    """
    columns, scorer = predictor.card.columns, explains(predictor)
    if not rows:
        return []
    found = scorer.contributions(columns.encode(predictor.features(frame(rows, predictor.inputs))))
    answers = predictor.card.scores
    return [
        dict(zip(answers, (_by_feature(one, columns.names) for one in row), strict=True))
        if answers
        else _by_feature(row[0], columns.names)
        for row in found.tolist()
    ]


def explains(predictor: Predictor) -> Explains:
    """What explains the answers; `DataError` if the algorithm does not say what made them."""
    if isinstance(predictor.scorer, Explains):
        return predictor.scorer
    raise DataError(
        f"explain: the algorithm {predictor.card.algorithm} does not say what made its answers; ask without explain"
    )


def _by_feature(did: Sequence[float], names: Sequence[str]) -> dict[str, float]:
    return dict(sorted(zip(names, did, strict=True), key=lambda one: -abs(one[1])))
