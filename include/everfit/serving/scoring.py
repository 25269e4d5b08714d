"""The scores of one version for the rows of one or several callers, whom it never lets suffer for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from everfit.errors import DataError, EverfitError
from everfit.features.plain import Plain, Unsure
from everfit.serving.versions import Loaded
from everfit.values import Answer

Rows = Sequence[Mapping[str, Any]]
Outcome = list[Answer] | EverfitError

QUICK, PANDAS = "quick", "pandas"


def quickly(loaded: Loaded, rows: Rows) -> list[Answer] | None:
    """The answers by the version's short way; None where these rows have to go the long one."""
    quick = loaded.way.quick
    if quick is None:
        return None
    try:
        return quick.answers(rows)
    except Unsure:
        return None
    except EverfitError as error:
        loaded.doubt(str(error))
        return None


def answers(loaded: Loaded, rows: Rows) -> list[Answer]:
    """The answers by the long way. Errors: `DataError` for rows that are not right, and whatever the team's code is
    up to."""
    try:
        return loaded.predictor.answers_to(rows)
    except OverflowError as error:
        raise DataError(f"a number in the rows is too large: {error}") from error


def together(loaded: Loaded, asked: Sequence[Rows]) -> list[Outcome]:
    """What comes of each caller's rows, scored in one go as far as that can be: through pandas, a hundred rows cost
    hardly more than one.

    Only rows that are plainly right join the others. If the team's code fails over all of them, each is scored alone,
    so that one caller's row costs no other one's answer.
    """
    plain = Plain(loaded.predictor.card.inputs)
    joined = [
        place for place, rows in enumerate(asked) if len(asked) > 1 and all(_is_plain(plain, row) for row in rows)
    ]
    outcomes: dict[int, Outcome] = {}
    if len(joined) > 1:
        try:
            found = iter(either(loaded, [row for place in joined for row in asked[place]]))
            outcomes = {place: [next(found) for _ in asked[place]] for place in joined}
        except EverfitError:
            pass  # alone, it will be seen whose row it was
    for place, rows in enumerate(asked):
        if place not in outcomes:
            outcomes[place] = _alone(loaded, rows)
    return [outcomes[place] for place in range(len(asked))]


def either(loaded: Loaded, rows: Rows) -> list[Answer]:
    """The answers by whichever way is quicker, in the thread that asks."""
    return quickly(loaded, rows) or answers(loaded, rows)


def _alone(loaded: Loaded, rows: Rows) -> Outcome:
    try:
        return either(loaded, rows)
    except EverfitError as error:
        return error


def _is_plain(plain: Plain, row: Mapping[str, Any]) -> bool:
    try:
        plain.row(row)
    except Unsure:
        return False
    return True
