"""What one value of one input is: usual, odd in a way that has a name, or nothing that the model can read."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import inf, isfinite, isnan
from typing import Any

from everfit.features import Input, Range
from everfit.features.plain import TIME
from everfit.features.ranges import USUAL

ABSENT = object()
"""In the place of a value: the row has no such key."""


class Anything:
    """A container that everything is in."""

    def __contains__(self, _: object) -> bool:
        return True


ANY_TEXT = Anything()
NO_TEXT: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Odd:
    """A value that is not usual: as the model reads it, what it is called ("" for nothing that needs a flag), and
    whether it counts as unusual."""

    value: Any
    called: str = ""
    unusual: bool = True


@dataclass(frozen=True)
class Check:
    """What is usual of one input (`gaps`: that it is missing), so that nearly every value costs one comparison; `other`
    looks at the rest."""

    name: str
    low: float
    high: float
    texts: Container[str]
    gaps: bool
    other: Callable[[Any], Odd]


def check_of(column: Input, found: Range | None) -> Check:
    """The check of one input; without a range, only of its kind.

    >>> hour = check_of(Input("hour", "number"), Range("hour", "number", 0.0, 0, 23, 5, 22))
    >>> hour.other(99), hour.other("noon").called, hour.other(None).called, hour.other(23).called
    (Odd(value=99.0, called='out_of_range', unusual=True), 'wrong_type', 'missing_value', '')
    """
    known = found or Range(column.name, column.kind, 1.0)
    gaps = Odd(None, "missing_value" if found and not known.missing else "", unusual=known.missing < USUAL)
    usual_gaps = not gaps.called and not gaps.unusual
    match column.kind:
        case "number":
            ends = partial(_number, low=_or(known.low, -inf), high=_or(known.high, inf), gaps=gaps)
            return Check(column.name, _or(known.usual_low, inf), _or(known.usual_high, -inf), NO_TEXT, usual_gaps, ends)
        case "text":
            texts = None if known.known is None else frozenset(known.known)
            usual = ANY_TEXT if texts is None else texts - {*known.rare}
            return Check(column.name, inf, -inf, usual, usual_gaps, partial(_text, known=texts, gaps=gaps))
        case "truth":
            return Check(column.name, inf, -inf, NO_TEXT, usual_gaps, partial(_truth, gaps=gaps))
        case "time":
            return Check(column.name, inf, -inf, NO_TEXT, usual_gaps, partial(_time, column=column, gaps=gaps))


def _or(number: float | None, otherwise: float) -> float:
    return otherwise if number is None else number


def _number(value: Any, *, low: float, high: float, gaps: Odd) -> Odd:
    if not isinstance(value, int | float):
        return _nothing(value, gaps)
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return Odd(None, "wrong_type")
    if isnan(number):
        return gaps
    if not isfinite(number):
        return Odd(None, "wrong_type")
    return Odd(number, "" if low <= number <= high else "out_of_range", unusual=low != -inf)


def _text(value: Any, *, known: Container[str] | None, gaps: Odd) -> Odd:
    if not isinstance(value, str):
        return _nothing(value, gaps)
    return Odd(value, "" if known is None or value in known else "unseen_category", unusual=known is not None)


def _truth(value: Any, *, gaps: Odd) -> Odd:
    return Odd(value, unusual=False) if isinstance(value, bool) else _nothing(value, gaps)


def _time(value: Any, *, column: Input, gaps: Odd) -> Odd:
    if not isinstance(value, str):
        return _nothing(value, gaps)
    if TIME.fullmatch(value) and _is_time(value):
        return Odd(value, unusual=False)
    return _as_pandas_has_it(column, value, gaps)


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _as_pandas_has_it(column: Input, value: str, gaps: Odd) -> Odd:
    """What other spellings of a time mean, and whether they are one, is decided where the columns are typed."""
    import pandas as pd

    from everfit.errors import DataError
    from everfit.features import Inputs

    try:
        read = Inputs((column,)).read(pd.DataFrame({column.name: [value]}))
    except DataError:
        return Odd(None, "wrong_type")
    return gaps if read[column.name].isna().all() else Odd(value, unusual=False)


def _nothing(value: Any, gaps: Odd) -> Odd:
    """A value that is missing, or of another kind."""
    if value is ABSENT:
        return Odd(None, "missing_feature", gaps.unusual)
    if value is None or (isinstance(value, float) and isnan(value)):
        return gaps
    return Odd(None, "wrong_type", gaps.unusual)
