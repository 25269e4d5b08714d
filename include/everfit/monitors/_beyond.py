"""Rows with values that a model was never judged on, and what is at stake in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.monitors._inputs import Inputs
from everfit.monitors._shares import share_of
from everfit.statistics.proportions import wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors.seen import Seen
    from everfit.statistics.decay.columns import Column

    Yes = NDArray[np.bool_]


@dataclass(frozen=True)
class Beyond:
    """What is at stake in rows whose value of one column the model was never judged on, as a share of its loss.

    That is their `share`, times how much more the model would lose without the column (`lean`).
    """

    name: str
    share: float
    lean: float
    value: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """How many rows, and what they may cost.

        >>> Beyond("speed", 0.31, 0.3, 0.093, 0.084, 0.102).words
        '31 % of the rows have values of speed on which it was never judged: if it told the model nothing there, the \
loss would rise by 9.3 %, surely by 8.4 %'
        """
        return (
            f"{100 * self.share:.3g} % of the rows have values of {self.name} on which it was never judged: if it "
            f"told the model nothing there, the loss would rise by {100 * self.value:.2g} %, "
            f"surely by {100 * self.low:.2g} %"
        )


def beyond(seen: Seen, inputs: Inputs, level: float) -> tuple[Beyond, ...]:
    """What is at stake in each of the columns; in all of them together an end is wrong at most as often as `level`.

    A column of which nobody knows how much the model leans on it has nothing to be reckoned with.
    """
    known = [(old, new) for old, new in zip(inputs.reference, inputs.window, strict=True) if old.name in seen.leans]
    season = {column.name: column for column in seen.season.columns} if seen.season else {}
    found = []
    for old, new in known:
        judged = [old, *(season[name] for name in [old.name] if name in season)]
        share = share_of(_unlike(judged, new), seen.window.day)
        low, high = wilson(share, 1 - level / len(known))
        lean = min(seen.leans[old.name], 1.0)
        value = float(share.value)
        found.append(Beyond(old.name, value, lean, lean * value, lean * float(low), lean * float(high)))
    return tuple(found)


def _unlike(judged: Sequence[Column], new: Column) -> Yes:
    """Which values are like none of any of the columns it was judged on: beyond all numbers, a new name, missing."""
    import numpy as np

    unlike = np.ones(len(new.values), dtype=bool)
    for old in judged:
        unlike &= _outside(old, new)
    return unlike


def _outside(old: Column, new: Column) -> Yes:
    import numpy as np

    values, there = new.named_as(old), old.values[~np.isnan(old.values)]
    gone = np.isnan(values)
    never_missing = len(there) == len(old.values)
    if old.categories:
        seen = np.zeros(len(old.categories) + 1, dtype=bool)
        seen[there.astype(np.int64)] = True
        return np.asarray(np.where(gone, never_missing, ~seen[np.where(gone, 0, values).astype(np.int64)]))
    low, high = (there.min(), there.max()) if len(there) else (np.inf, -np.inf)
    return np.asarray(np.where(gone, never_missing, (values < low) | (values > high)))
