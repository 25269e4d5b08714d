"""Whether there is something to learn, and something to judge on: asked before training costs anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.errors import DataError, NotEnoughData
from everfit.steps.feature_table import GROUP, LABEL, OBSERVED, FeatureTable

if TYPE_CHECKING:
    import pandas as pd

    from everfit.spec import ModelSpec

FEWEST_ROWS = 30
MOST_CLASSES = 1000


def check_learnable(spec: ModelSpec, training: FeatureTable, held_out: FeatureTable) -> None:
    """Raise unless there are enough labelled rows to learn from and to judge on, with labels that fit and differ.

    Errors: `NotEnoughData` for too few rows, `DataError` for labels of which nothing can be learnt or judged.
    """
    for what, found, least in (("to learn from", training, FEWEST_ROWS), ("held out to judge on", held_out, 1)):
        if len(found.frame) < least:
            raise NotEnoughData(
                f"{spec.name}: {len(found.frame)} labelled rows {what}, wanted at least {least}; "
                f"widen the window, or see why {spec.label!r} is empty"
            )
    for what, found in (("to learn from", training), ("held out to judge on", held_out)):
        _check_values(spec, found.frame[LABEL])
        _check_differ(spec, found, what)
    if len(training.classes) > MOST_CLASSES:
        raise DataError(
            f"{spec.name}: the label {spec.label!r} has {len(training.classes):,} classes, and a model of more than "
            f"{MOST_CLASSES:,} is nothing that trees are good at; is it an id? Then rank, or put classes together"
        )


def _check_values(spec: ModelSpec, labels: pd.Series[float]) -> None:
    """The numbers that the task can have."""
    wanted = {
        "binary": ("0 or 1", labels.isin([0, 1])),
        "ranking": ("at least 0, the relevance", labels >= 0),
        "survival": ("above 0, a time to wait", labels > 0),
    }.get(spec.task)
    if wanted and not wanted[1].all():
        raise DataError(
            f"{spec.name}: the label {spec.label!r} of a {spec.task} task is {wanted[0]}, "
            f"not {labels[~wanted[1]].iloc[0]:g}"
        )


def _check_differ(spec: ModelSpec, found: FeatureTable, what: str) -> None:
    """Labels that say nothing: all alike, and for the tasks that have more to say, what makes them say it."""
    labels, rows = found.frame[LABEL], len(found.frame)
    if labels.nunique() == 1 and rows > 1:
        always = (*found.classes, *found.strangers)[int(labels.iloc[0])] if found.classes else f"{labels.iloc[0]:g}"
        raise DataError(
            f"{spec.name}: the label {spec.label!r} is {always} in all {rows} rows {what}; "
            "there is nothing to learn. Widen the window, or look at what rows() makes of the data"
        )
    if spec.group and found.frame.groupby(GROUP)[LABEL].nunique().max() == 1:
        raise DataError(
            f"{spec.name}: no group of the rows {what} has rows of different relevance, so there is no order to find "
            f"({found.frame[GROUP].nunique():,} groups by {spec.group!r}, {rows:,} rows). Group by something wider"
        )
    if spec.observed and not found.frame[OBSERVED].any():
        raise DataError(
            f"{spec.name}: {spec.observed!r} is false in all {rows} rows {what}: no event came, so nobody can say "
            "when one does. Widen the window"
        )
