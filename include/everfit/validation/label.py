"""What is asked of the rows that the feature code makes of a batch: a label that can be learnt, and a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import SpecError, did_you_mean
from everfit.validation.words import examples, value
from everfit.values import Check

if TYPE_CHECKING:
    from pandas import DataFrame, Series


WANTED: Mapping[str, tuple[str, Callable[[Series], Series]]] = {
    "binary": ("only 0 and 1", lambda known: known.isin([0, 1])),
    "multiclass": ("only text and whole numbers", lambda known: ~(_numbers(known) % 1 > 0)),
    "ranking": ("only numbers of at least 0", lambda known: _numbers(known) >= 0),
    "survival": ("only times above 0", lambda known: _numbers(known) > 0),
}
"""What labels of a task can be, beside numbers."""


def check_rows(rows: DataFrame, *, label: str, time: str, task: str, code: Path) -> tuple[Check, ...]:
    """Hold the rows of one batch against the spec: is there something to learn, and does every row say when it was?

    Errors: `SpecError` if `rows()` of the feature code `code` does not make the label or the time column.
    """
    for key, name in (("label", label), ("time", time)):
        if name not in rows.columns:
            known = did_you_mean(name, map(str, rows.columns))
            raise SpecError(f"{code}: rows() makes no column {name!r}, which model.yaml names as its {key}{known}")
    return (*_label(rows[label], label, task), _time(rows[time], time))


def _label(values: Series, name: str, task: str) -> tuple[Check, ...]:
    known = values.dropna()
    kinds = known.unique().tolist()
    found = f"{value(len(kinds))} different values"
    if len(kinds) == 1:
        found = f"always {value(kinds[0])}"
    found += f" in {value(len(known))} of {value(len(values))} rows"
    if not kinds:
        found = f"no value in any of {value(len(values))} rows"
    varied = Check("label", name, "at least two different values to learn from", found, len(kinds) > 1)
    if task not in WANTED or not kinds:
        return (varied,)
    wanted, fits = WANTED[task]
    others = known[~fits(known)]
    found = f"{value(len(others))} other values{examples(others.tolist())}" if len(others) else "nothing else"
    return (varied, Check("label", name, wanted, found, not len(others), share=len(others) / len(values)))


def _numbers(known: Series) -> Series:
    """The labels as numbers, NaN for what is none."""
    import pandas as pd

    return pd.to_numeric(known.astype(object), errors="coerce").astype("float64")


def _time(values: Series, name: str) -> Check:
    empty = int(values.isna().sum())
    found = f"from {values.min()} to {values.max()}"
    if empty:
        found = f"{value(empty)} of {value(len(values))} rows without"
    return Check("label", name, "a time in every row", found, not empty, share=empty / max(len(values), 1))
