"""Asks a model again about rows of which one column is changed, and tells the answers that go the wrong way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from everfit.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """What the score does when a column is `raised` by so much (times by hours): it `rises` or stays, or it `falls`."""

    raised: float
    score: Literal["rises", "falls"]


Expectation = Literal["increasing", "decreasing", "any"] | Step


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows that a model was asked about twice, and its scores `before` and `after` one column was changed.

    `scores` takes from rows the scores that are meant, in one column or several. `days` has the day of each row.
    """

    rows: pd.DataFrame
    before: Array
    days: NDArray[np.int64]
    scores: Callable[[pd.DataFrame], Array]

    def again(self, column: str, expected: Expectation, within: float, random: np.random.Generator) -> dict[str, Any]:
        """Ask again with the column as another row has it, or raised by a step; what came, as plain JSON.

        A row is broken if its score goes the wrong way, or under `any` either way, by more than `within`. `asked` and
        `broken` count rows by day. Rows that keep their value are left out, and so are missing values. Errors:
        `SpecError` for a direction of a column that holds neither numbers nor times.
        """
        import numpy as np

        old = self.rows[column]
        new = _changed(old, expected, random)
        places = np.flatnonzero((new.notna() & old.notna() & (new != old)).to_numpy(dtype=bool))
        if not len(places):
            return {"asked": [], "broken": [], "within": within}
        after = self.scores(self.rows.assign(**{column: new}).iloc[places].reset_index(drop=True))
        before = self.before[places]
        wrong, one = _wrong(after - before, _direction(old.iloc[places], new.iloc[places], expected))
        broken = wrong > within
        _, codes = np.unique(self.days[places], return_inverse=True)
        told = {
            "asked": np.bincount(codes).tolist(),
            "broken": np.bincount(codes[broken], minlength=int(codes.max()) + 1).tolist(),
            "within": within,
        }
        if not broken.any():
            return told
        worst = int(wrong.argmax())
        return told | {
            "worst": {
                "from": _plain(old.iloc[places[worst]]),
                "to": _plain(new.iloc[places[worst]]),
                "score": float(before[worst].ravel()[one[worst]]),
                "then": float(after[worst].ravel()[one[worst]]),
            }
        }


def _changed(old: pd.Series[Any], expected: Expectation, random: np.random.Generator) -> pd.Series[Any]:
    import pandas as pd

    if isinstance(expected, Step):
        _ordered(old)
        by = pd.Timedelta(hours=expected.raised) if pd.api.types.is_datetime64_any_dtype(old.dtype) else expected.raised
        return old + by
    return old.iloc[random.permutation(len(old))].reset_index(drop=True)


def _direction(old: pd.Series[Any], new: pd.Series[Any], expected: Expectation) -> Array | None:
    """For each row 1 if the score should rise, -1 if it should fall; None if it should stay."""
    import numpy as np

    if expected == "any":
        return None
    if isinstance(expected, Step):
        return np.full(len(old), 1.0 if expected.score == "rises" else -1.0)
    up = np.sign(_ordered(new) - _ordered(old))
    return np.asarray(-up if expected == "decreasing" else up, dtype=np.float64)


def _wrong(moved: Array, direction: Array | None) -> tuple[Array, NDArray[np.int64]]:
    """How far each row's score went the wrong way, and which of its scores went farthest."""
    import numpy as np

    moved = moved.reshape(len(moved), -1)
    off = np.abs(moved) if direction is None else -moved * direction[:, None]
    one = off.argmax(axis=1)
    return off[np.arange(len(off)), one], one


def _ordered(values: pd.Series[Any]) -> Array:
    import numpy as np
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return np.asarray(values.astype("int64"), dtype=np.float64)
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        raise SpecError(
            f"the gate behaves expects a direction of {values.name!r}, which holds neither numbers nor times: only any "
            "fits it"
        )
    return np.asarray(values.to_numpy(dtype=float, na_value=float("nan")), dtype=np.float64)


def _plain(value: Any) -> float | str:
    return float(value) if isinstance(value, int | float) else str(value)
