"""Label and time of the rows, and whether there is something to learn: asked before training costs anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import DataError, NotEnoughData, SpecError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from everfit.features import FeatureCode
    from everfit.spec import ModelSpec

FEWEST_ROWS = 30


def check_columns(spec: ModelSpec, code: FeatureCode, rows: pd.DataFrame) -> None:
    """Raise `SpecError` unless rows() makes the label and the time that the spec names, and the label is no input."""
    for key, name in (("label", spec.label), ("time", spec.time)):
        if name not in rows.columns:
            known = did_you_mean(name, map(str, rows.columns))
            raise SpecError(f"{code.path}: rows() makes no column {name!r}, which the spec names as its {key}{known}")
    if spec.label in code.inputs:
        raise SpecError(f"{code.path}: the label {spec.label!r} is among INPUTS; no caller can know it: take it out")


def labels(spec: ModelSpec, rows: pd.DataFrame) -> pd.Series[Any]:
    """The label as float64, missing where there is none. Errors: `DataError` for what is no finite number."""
    import numpy as np
    import pandas as pd

    try:
        found = rows[spec.label].astype("float64")
    except (ValueError, TypeError) as error:
        raise DataError(f"the label {spec.label!r} must be a number: {error}") from error
    if np.isinf(found).any():
        raise DataError(f"the label {spec.label!r} is infinite in {int(np.isinf(found).sum())} rows")
    return pd.Series(found)


def times(spec: ModelSpec, rows: pd.DataFrame) -> pd.Series[Any]:
    """The time of each row, in UTC. Errors: `SpecError` for numbers, `DataError` for text that is no time."""
    import pandas as pd

    values = rows[spec.time]
    if pd.api.types.is_numeric_dtype(values.dtype):
        raise SpecError(f"{spec.name}: the time {spec.time!r} holds numbers; rows() must make times of them")
    try:
        return pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
    except (ValueError, TypeError) as error:
        raise DataError(f"the time {spec.time!r} cannot be read as one: {error}") from error


def check_learnable(spec: ModelSpec, training: pd.Series[Any], held_out: pd.Series[Any]) -> None:
    """Raise unless there are enough labelled rows to learn from and to judge on, with labels that differ.

    Errors: `NotEnoughData` for too few rows, `DataError` for a constant label or one that does not fit the task.
    """
    for what, found, least in (("to learn from", training, FEWEST_ROWS), ("held out to judge on", held_out, 1)):
        if len(found) < least:
            raise NotEnoughData(
                f"{spec.name}: {len(found)} labelled rows {what}, wanted at least {least}; "
                f"widen the window, or see why {spec.label!r} is empty"
            )
    if training.astype("float32").nunique() == 1:  # all that an algorithm sees of a label
        raise DataError(
            f"{spec.name}: the label {spec.label!r} is {training.iloc[0]:g} in all {len(training)} rows to learn from; "
            "there is nothing to learn. Widen the window, or look at what rows() makes of the data"
        )
    if spec.task == "binary":
        for found in (training, held_out):
            other = found[~found.isin([0, 1])]
            if len(other):
                raise DataError(
                    f"{spec.name}: the label {spec.label!r} of a binary task is 0 or 1, not {other.iloc[0]:g}"
                )
