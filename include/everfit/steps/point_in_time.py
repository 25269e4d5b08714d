"""Features of rows as they were known at the time: each batch sees the batches before it, and nothing of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from everfit.errors import SpecError
from everfit.features import Columns, FeatureCode

if TYPE_CHECKING:
    import pandas as pd

SAMPLED = 16
NO_GAP = range(0)


class Told(Protocol):
    """A batch: its rows, and what history() needs to know of them."""

    @property
    def frame(self) -> pd.DataFrame:
        """The rows."""

    @property
    def facts(self) -> pd.DataFrame:
        """The rows, or what sums them up."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A batch whose rows are here."""

    code: FeatureCode
    frame: pd.DataFrame

    @property
    def facts(self) -> pd.DataFrame:
        """What history() needs to know of them."""
        return self.code.facts(self.frame)


def features_at(code: FeatureCode, batches: Sequence[Told], place: int, gap: range = NO_GAP) -> pd.DataFrame:
    """The features of the rows of one of the batches, which are oldest first, given the history of those before it.

    The first batch gets the history of no rows at all. A batch after the places `gap` knows nothing later than what is
    before the gap.
    """
    rows = batches[place].frame
    history = history_before(code, batches, min(place, gap.start) if gap else place)
    made = code.features(rows, history)
    if place == len(batches) - 1:
        _check_row_by_row(code, rows, history, made)
    return made


def history_before(code: FeatureCode, batches: Sequence[Told], place: int) -> Mapping[str, pd.DataFrame]:
    """What the batches before `place` have to say; for `len(batches)` that is what a served model knows."""
    if not place:
        return code.history(code.facts(batches[0].frame.iloc[:0]))
    return code.history(stack([batch.facts for batch in batches[:place]]))


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
