"""Which rows of a table are odd in any way: told by columns, so that a guard need not look at each row of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.features import Range
from everfit.features.ranges import USUAL

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.predictor.guard import Guard


def glance(guard: Guard, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """The rows in which `guard.look` finds anything, of a table as `Inputs.read` types it.

    >>> import pandas as pd
    >>> from everfit.features import Input, Inputs, Ranges
    >>> from everfit.predictor import Guard, Policy
    >>> from everfit.spec import AnswersSpec
    >>> ranges = Ranges(100, (Range("hour", "number", 0.1, 5, 23, 6, 22),), 1)
    >>> guard = Guard("binary", Inputs((Input("hour", "number"),)), Policy.of(AnswersSpec()), ranges)
    >>> glance(guard, pd.DataFrame({"hour": [5.0, 99.0]})).tolist()
    [False, True]
    """
    import numpy as np

    named, unusual, missing = (np.zeros(len(rows), dtype=int) for _ in range(3))
    known = guard.ranges.inputs if guard.ranges else ()
    for column in guard.inputs.inputs:
        if column.kind == "number":
            named += np.isinf(rows[column.name].to_numpy())
    for one in known:
        values = rows[one.name]
        gaps, (strange, odd) = values.isna().to_numpy(), _seen(one, values)
        named += np.where(gaps, not one.missing, strange)
        unusual += np.where(gaps, one.missing < USUAL, odd)
        missing += gaps
    found = named > 0
    if guard.ranges:
        found |= (unusual > guard.ranges.usual_inputs) | (missing == len(known))
    return found


def _seen(one: Range, values: pd.Series[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of the values that are there, which have a name as a finding, and which are unusual."""
    import numpy as np

    if one.low is not None and one.high is not None:
        numbers = values.to_numpy(dtype="float64")
        within = (numbers >= one.usual_low) & (numbers <= one.usual_high)
        return (numbers < one.low) | (numbers > one.high), ~within
    if one.known is not None:
        usual = set(one.known) - set(one.rare)
        return ~values.isin(one.known).to_numpy(dtype=bool), ~values.isin(usual).to_numpy(dtype=bool)
    return np.zeros(len(values), dtype=bool), np.zeros(len(values), dtype=bool)
