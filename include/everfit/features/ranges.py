"""What the training data allow a caller to send, and how far a row may be from what was usual there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from everfit.features.inputs import Inputs, Kind
from everfit.features.seen import Seen, SeenInput, counted, look_at, mixture, tail

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

LEAST_ROWS = 5
"""A text that fewer training rows had is not kept: it may be somebody's own, and nothing can be learnt from it."""
COVERED = 0.95
"""Texts that are kept must be those of so many rows, else the input is not one of categories."""
USUAL = 0.01
"""Usual is what is not in the outermost share of the training rows, on either side."""
BEYOND = 0.001
"""The share of the training rows that may have more unusual inputs than a row may have."""


@dataclass(frozen=True)
class Range:
    """One input: the share of training rows without a value, and what the others had.

    Numbers lie between `low` and `high`, all but 1 % on each side between `usual_low` and `usual_high`. Texts are among
    `known`, unless they are no categories (None); `rare` are those that 1 % of the rows have together.
    """

    name: str
    kind: Kind
    missing: float
    low: float | None = None
    high: float | None = None
    usual_low: float | None = None
    usual_high: float | None = None
    known: tuple[str, ...] | None = None
    rare: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ranges:
    """All inputs in the order of INPUTS, and the most inputs of one row that may be unusual (`usual_inputs`).

    An input is unusual outside of the usual range, with a rare or an unknown text, and when it is missing though nearly
    all training rows had it. At most a thousandth of the rows of the training batches had more of those at a time, each
    batch by its own ranges. Read about the curse of one column at a time in docs/how-to/odd-requests.md.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"hour": [6.0, 7.0, 8.0] * 9, "carrier": ["UA", "AA", "UA"] * 9})
    >>> found = Ranges.merged([sum_up(Inputs.learn(rows, ["hour", "carrier"]), rows)])
    >>> found.inputs[0].high, found.inputs[1].known, found.usual_inputs
    (8.0, ('AA', 'UA'), 1)
    """

    rows: int
    inputs: tuple[Range, ...]
    usual_inputs: int

    @classmethod
    def merged(cls, batches: Sequence[Seen]) -> Ranges:
        """The ranges of the rows of some batches together."""
        each = [_range(column) for column in zip(*(batch.inputs for batch in batches), strict=True)]
        histogram = [sum(counts) for counts in zip_longest(*(batch.unusual for batch in batches), fillvalue=0)]
        return cls(sum(batch.inputs[0].rows for batch in batches), tuple(each), max(1, _most(histogram)))


def sum_up(inputs: Inputs, rows: pd.DataFrame) -> Seen:
    """What typed rows of one batch held, and how many inputs of its rows are unusual."""
    import numpy as np

    seen = look_at(inputs, rows)
    unusual = np.zeros(len(rows), dtype=int)
    for one in Ranges.merged([seen]).inputs:
        unusual += _unusual(one, rows[one.name])
    return replace(seen, unusual=tuple(np.bincount(unusual).tolist()))


def _range(column: Sequence[SeenInput]) -> Range:
    name, kind, rows = column[0].name, column[0].kind, sum(one.rows for one in column)
    gone = sum(one.missing for one in column)
    made = Range(name, kind, gone / rows if rows else 1.0)
    if levels := mixture(column, (0.0, USUAL, 1 - USUAL, 1.0)):
        low, usual_low, usual_high, high = levels
        return replace(made, low=low, high=high, usual_low=usual_low, usual_high=usual_high)
    counts = counted(column) if kind == "text" else None
    often = {value: count for value, count in (counts or {}).items() if count >= LEAST_ROWS}
    if not often or sum(often.values()) < COVERED * (rows - gone):
        return made
    return replace(made, known=tuple(often), rare=tuple(sorted(tail(often, USUAL))))


def _unusual(one: Range, values: pd.Series[Any]) -> NDArray[np.bool_]:
    import numpy as np

    gaps = values.isna().to_numpy()
    if one.kind == "number" and one.usual_low is not None:
        numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        odd = (numbers < one.usual_low) | (numbers > one.usual_high)
    elif one.known is not None:
        usual = set(one.known) - set(one.rare)
        odd = ~values.isin(usual).to_numpy(dtype=bool)
    else:
        odd = np.zeros(len(values), dtype=bool)
    found: NDArray[np.bool_] = np.where(gaps, one.missing < USUAL, odd)
    return found


def _most(histogram: Sequence[int]) -> int:
    """The least number of unusual inputs that no more than the share `BEYOND` of the rows exceeds."""
    left, allowed = sum(histogram), BEYOND * sum(histogram)
    for number, rows in enumerate(histogram):
        left -= rows
        if left <= allowed:
            return number
    return 0
