"""One version's answers to many rows, odd ones among them: what the model server would give to each, all in one table.

Rows in which nothing is odd are scored together. Every other row takes the way of a request: the same guard looks at
it, and the same policy says who answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError
from everfit.features import Inputs
from everfit.steps.sample import as_sent

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.predictor import Predictor
    from everfit.values import Answer

Before = tuple[int, "Predictor"]
"""The version before the one that answers, which stands in where the policy says so."""


@dataclass(frozen=True, eq=False)
class Given:
    """One of `scores` for each row; and `odd`: answer and flags of each row of which there is anything to say, by its
    place. There that answer counts, whatever stands in `scores`."""

    scores: NDArray[np.float64]
    odd: Mapping[int, tuple[Answer | None, Sequence[str]]]


def given(predictor: Predictor, before: Before | None, rows: pd.DataFrame) -> Given:
    """The answers to rows as rows() makes them.

    A row has no caller to be refused: where a request would be, the row alone is left without an answer.
    Errors: `DataError` for a column that is missing, or that is of another kind in every row.
    """
    import numpy as np

    from everfit.predictor import answer, glance, in_words, stand_in

    guard = predictor.guard.unrefusing
    typed, sent = _read(predictor.card.inputs, rows)
    odd = glance(guard, typed)
    odd[list(sent)] = True
    usual = np.flatnonzero(~odd)
    named = predictor.card.scores
    scores = np.full((len(rows), len(named)) if named else len(rows), np.nan)
    if len(usual):
        features = predictor.code.features(typed.iloc[usual].reset_index(drop=True), predictor.history)
        scores[usual] = predictor.score(features)
    if guard.has_bar:
        odd[usual] = [guard.doubt(one) is not None for one in in_words(scores[usual], named)]
    places = np.flatnonzero(odd).tolist()
    if not places:
        return Given(scores, {})
    asked = as_sent(typed.iloc[places])
    more = [name for name in _more(predictor, before) if name in rows.columns]
    for place, row in zip(places, asked, strict=True):
        row.update({name: plain(rows[name].iloc[place]) for name in more}, **sent.get(place, {}))

    def previous(of: Sequence[Mapping[str, Any]]) -> tuple[int, Sequence[Answer | None]] | None:
        return (before[0], stand_in(before[1].guard, of, before[1].answers_to)) if before else None

    found = answer(guard, asked, predictor.answers_to, previous)
    flags = found.flags or [()] * len(places)
    return Given(scores, dict(zip(places, zip(found.predictions, flags, strict=True), strict=True)))


def plain(value: Any) -> Any:
    """A value of a table as JSON has it.

    >>> import numpy as np, pandas as pd
    >>> plain(np.int64(3)), plain(pd.NaT), plain(date(2013, 1, 1)), plain(Decimal("0.5"))
    (3, None, '2013-01-01', 0.5)
    """
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if hasattr(value, "item"):
        value = value.item()  # of numpy
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _more(predictor: Predictor, before: Before | None) -> tuple[str, ...]:
    """What the version before wants to know beside what this one does."""
    return tuple(name for name in before[1].inputs if name not in predictor.inputs) if before else ()


def _read(inputs: Inputs, rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[int, dict[str, Any]]]:
    """The inputs, typed; and what is in cells that cannot be read, by place and name: to the table these are gaps.

    A column in which kinds are mixed is a matter of its rows. One that is of one kind, and the wrong one, is not.
    """
    try:
        return inputs.read(rows), {}
    except DataError:
        mixed = [name for name in inputs.names if name in rows.columns and rows[name].dtype == object]
        if not mixed:
            raise
    from everfit.predictor.checks import check_of

    sent: dict[int, dict[str, Any]] = {}
    whole = rows.copy(deep=False)
    for column in (one for one in inputs.inputs if one.name in mixed):
        found = [(value, check_of(column, None).other(value)) for value in map(plain, rows[column.name])]
        for place, (value, said) in enumerate(found):
            if said.called:
                sent.setdefault(place, {})[column.name] = value
        whole[column.name] = [said.value for _, said in found]
    return inputs.read(whole), sent
