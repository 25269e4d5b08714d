"""Features of rows as they were known at the time: each batch sees the batches before it, and nothing of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from everfit.errors import SpecError
from everfit.features import Columns, FeatureCode

if TYPE_CHECKING:
    import pandas as pd

SAMPLED = 16
NO_GAP = range(0)


def point_in_time(code: FeatureCode, rows: Sequence[pd.DataFrame], gap: range = NO_GAP) -> list[pd.DataFrame]:
    """The features of each batch's rows, given the history of the batches before it; `rows` is oldest first.

    The first batch gets the history of no rows at all. The batches at the places `gap` get no features and are left
    out of the answer; those after them know nothing later than what is before the gap.
    """
    places = [place for place in range(len(rows)) if place not in gap]
    known = [history_before(code, rows, min(place, gap.start) if gap else place) for place in places]
    parts = [code.features(rows[place], history) for place, history in zip(places, known, strict=True)]
    _check_row_by_row(code, rows[-1], known[-1], parts[-1])
    return parts


def history_before(code: FeatureCode, rows: Sequence[pd.DataFrame], place: int) -> Mapping[str, pd.DataFrame]:
    """What the batches before `place` have to say; for `len(rows)` that is what a served model knows."""
    return code.history(stack(rows[:place]) if place else rows[0].iloc[:0])


def stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all frames, in order."""
    import pandas as pd

    return pd.concat(frames, ignore_index=True)


def _check_row_by_row(
    code: FeatureCode, rows: pd.DataFrame, history: Mapping[str, pd.DataFrame], features: pd.DataFrame
) -> None:
    """A row has the features that it has in any company: else a request would be answered unlike the holdout was."""
    import numpy as np

    sample = np.unique(np.linspace(0, len(rows) - 1, min(SAMPLED, len(rows))).astype(int))[::-1]
    alone = code.features(rows.iloc[sample], history)
    columns = Columns.learn(features)
    wanted, found = columns.encode(features.iloc[sample]), columns.encode(alone)
    same: list[bool] = np.all(np.isclose(wanted, found, rtol=1e-5, equal_nan=True), axis=0).tolist()
    if not all(same):
        names = [name for name, ok in zip(columns.names, same, strict=True) if not ok]
        raise SpecError(
            f"{code.path}: features() gives {names[0]!r} another value when fewer rows are asked for, or in another "
            "order: a feature may depend on its own row and on the history, not on the other rows. Compute what is "
            "common to many rows in history()"
        )
