"""One version's answers to many rows, odd ones among them: what the model server would give to each, all in one table.

Rows that are left to the model are scored together. Every other row takes the way of a request: the same guard looks at
it, and the same policy says who answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
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

Row = Mapping[str, Any]
Before = tuple[int, "Predictor"]
"""The version before the one that answers, which stands in where the policy says so."""


@dataclass(frozen=True, eq=False)
class Given:
    """One of `scores` for each row, and by the rows' places the `flags` of odd ones, and the answers to those that the
    version does not score itself (`instead`: its predecessor's, a constant, or None)."""

    scores: NDArray[np.float64]
    flags: Mapping[int, Sequence[str]]
    instead: Mapping[int, Answer | None]


def given(predictor: Predictor, before: Before | None, rows: pd.DataFrame) -> Given:
    """The answers to rows as rows() makes them.

    A row has no caller to be refused: where a request would be, the row alone is left without an answer.
    Errors: `DataError` for a column that is missing, or that is of another kind in every row.
    """
    import numpy as np

    from everfit.predictor import Answered, answer, glance, in_words

    guard, named = predictor.guard.unrefusing, predictor.card.scores
    typed, sent = _read(predictor.card.inputs, rows)
    seen = glance(guard, typed)
    seen.look[list(sent)] = True
    own = np.flatnonzero(~seen.look)
    scores = np.full((len(rows), len(named)) if named else len(rows), np.nan)
    if len(own):
        features = predictor.code.features(typed.iloc[own].reset_index(drop=True), predictor.history)
        scores[own] = predictor.score(features)
    if guard.has_bar:
        seen.look[own] = [guard.doubt(one) is not None for one in in_words(scores[own], named)]
    places = np.flatnonzero(seen.look).tolist()
    asked = _sent(predictor, before, rows, typed, sent, places)
    found = answer(guard, asked, predictor.answers_to, partial(_instead, before)) if places else Answered(())
    flags = zip(places, found.flags or [()] * len(places), strict=True)
    return Given(scores, {**seen.flags, **dict(flags)}, dict(zip(places, found.predictions, strict=True)))


def _instead(before: Before | None, rows: Sequence[Row]) -> tuple[int, Sequence[Answer | None]] | None:
    from everfit.predictor import stand_in

    return (before[0], stand_in(before[1].guard, rows, before[1].answers_to)) if before else None


def _sent(
    predictor: Predictor,
    before: Before | None,
    rows: pd.DataFrame,
    typed: pd.DataFrame,
    sent: Mapping[int, Row],
    places: Sequence[int],
) -> list[dict[str, Any]]:
    """Rows as their callers would send them, with whatever the version before wants to know beside."""
    wanted = [name for name in before[1].inputs if name not in predictor.inputs] if before else []
    more = [name for name in wanted if name in rows.columns]
    made = as_sent(typed.iloc[list(places)])
    for place, row in zip(places, made, strict=True):
        row.update({name: plain(rows[name].iloc[place]) for name in more}, **sent.get(place, {}))
    return made


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
