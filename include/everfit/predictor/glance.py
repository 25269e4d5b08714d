"""What a guard finds in the rows of a table, told by columns: a batch is not looked at row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.features import Range
from everfit.features.ranges import USUAL

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.predictor.guard import Guard

    Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Glance:
    """The `flags` of rows in which something is odd and which are left to the model as they are, by their places; and
    the rows that need a `look`, because something else is declared for them, or because the model cannot read them."""

    flags: dict[int, list[str]]
    look: Mask


def glance(guard: Guard, rows: pd.DataFrame) -> Glance:
    """What `guard.look` would find in the rows of a table as `Inputs.read` types it.

    >>> import pandas as pd
    >>> from everfit.features import Input, Inputs, Ranges
    >>> from everfit.predictor import Guard, Policy
    >>> from everfit.spec import AnswersSpec
    >>> ranges = Ranges(100, (Range("hour", "number", 0.0, 5, 23, 6, 22),), 1)
    >>> policy = Policy.of(AnswersSpec(missing_value="abstain"))
    >>> guard = Guard("binary", Inputs((Input("hour", "number"),)), policy, ranges)
    >>> found = glance(guard, pd.DataFrame({"hour": [5.0, 99, None]}))
    >>> found.flags, found.look.tolist()
    ({1: ['out_of_range:hour']}, [False, False, True])
    """
    import numpy as np

    look = np.zeros(len(rows), dtype=bool)
    for column in guard.inputs.inputs:
        if column.kind == "number":
            look |= np.isinf(rows[column.name].to_numpy())
    found = list(_findings(guard, rows))
    for called, _, there in found:
        if guard.policy.actions[called] != "flag":
            look |= there
    flags: dict[int, list[str]] = {}
    for called, name, there in found:
        text = f"{called}:{name}" if name else called
        for place in np.flatnonzero(there & ~look).tolist():
            flags.setdefault(place, []).append(text)
    return Glance(flags, look)


def _findings(guard: Guard, rows: pd.DataFrame) -> Iterator[tuple[str, str, Mask]]:
    """Each finding, the input that it is about, and the rows that it is in; in the order in which a look tells them."""
    import numpy as np

    if guard.ranges is None:
        return
    gaps = {one.name: rows[one.name].isna().to_numpy() for one in guard.ranges.inputs}
    yield "empty", "", np.all(list(gaps.values()), axis=0)
    unusual = np.zeros(len(rows), dtype=int)
    for one in guard.ranges.inputs:
        missing = gaps[one.name]
        if not one.missing:
            yield "missing_value", one.name, missing
        if one.missing < USUAL:
            unusual += missing
        if one.low is not None and one.high is not None:
            numbers = rows[one.name].to_numpy()
            yield "out_of_range", one.name, (numbers < one.low) | (numbers > one.high)
            unusual += (numbers < one.usual_low) | (numbers > one.usual_high)
        elif one.known is not None:
            known, rare = _among(rows[one.name], one)
            yield "unseen_category", one.name, ~(known | missing)
            unusual += ~missing & (rare | ~known)
    yield "out_of_distribution", "", unusual > guard.ranges.usual_inputs


def _among(values: pd.Series[Any], one: Range) -> tuple[Mask, Mask]:
    """Which texts are known, and which rare; each text is looked up once."""
    import numpy as np

    places, texts = values.factorize()  # a gap is at -1, and so in the last place
    known, rare = ([*(text in some for text in texts), False] for some in (set(one.known or ()), set(one.rare)))
    return np.array(known, dtype=bool)[places], np.array(rare, dtype=bool)[places]
