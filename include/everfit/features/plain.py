"""Rows of JSON to a matrix without pandas: what is plainly right is read here, and everything else is pandas' business.

Nothing here refuses anything. A value that needs a closer look, whether it turns out right or wrong, raises `Unsure`;
then `Inputs.read` looks, so that there is one place which says what a caller may send, and one wording of it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from math import nan
from operator import itemgetter
from types import NoneType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.features.inputs import Inputs
    from everfit.features.matrix import Columns

    Row = Mapping[str, Any]
    OneRow = Callable[[Row], Row]

TYPES: dict[str, frozenset[type]] = {
    "number": frozenset({int, float, NoneType}),
    "text": frozenset({str, NoneType}),
    "truth": frozenset({bool, NoneType}),
    "time": frozenset({str, NoneType}),
}
TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?")
"""The usual spellings of a time; every other one is left to pandas, which takes longer."""
MOST_SHAPES = 1000


class Unsure(Exception):
    """A row that pandas has to look at."""

    def __init__(self) -> None:
        super().__init__("pandas has to look at this row")


class Plain:
    """The inputs of a model in rows of JSON.

    >>> from everfit.features import Input, Inputs
    >>> plain = Plain(Inputs((Input("hour", "number"), Input("leaves", "time"))))
    >>> plain.values({"leaves": None, "hour": 6, "more": 1})
    (6, None)
    >>> plain.row({"hour": None, "leaves": "2013-01-01T06:00:00Z"})
    {'hour': nan, 'leaves': datetime.datetime(2013, 1, 1, 6, 0, tzinfo=datetime.timezone.utc)}
    """

    def __init__(self, inputs: Inputs) -> None:
        self._names = inputs.names
        self._pick = itemgetter(*self._names)
        self._kinds = tuple(column.kind for column in inputs.inputs)
        self._fitting = tuple(TYPES[kind] for kind in self._kinds)
        self._typed = tuple(_READ[kind] for kind in self._kinds)
        self._shapes: set[tuple[type, ...]] = set()

    def values(self, row: Row) -> tuple[Any, ...]:
        """The values of the inputs in their order, as they were sent. Errors: `Unsure`."""
        try:
            found: tuple[Any, ...] = self._pick(row)
        except (KeyError, TypeError) as error:
            raise Unsure from error
        if len(self._names) == 1:
            found = (found,)
        shape = tuple(map(type, found))
        if shape not in self._shapes:  # most rows look like one before: looking that up is all the checking they need
            if not all(one in fitting for one, fitting in zip(shape, self._fitting, strict=True)):
                raise Unsure
            if len(self._shapes) < MOST_SHAPES:
                self._shapes.add(shape)
        return found

    def row(self, row: Row) -> dict[str, Any]:
        """The inputs by name and typed: numbers as float (NaN if missing), times in UTC, the rest None if missing."""
        try:
            found = [read(value) for read, value in zip(self._typed, self.values(row), strict=True)]
        except (ValueError, OverflowError) as error:
            raise Unsure from error
        return dict(zip(self._names, found, strict=True))


def _number(value: Any) -> float:
    return nan if value is None else float(value)


def _as_it_is(value: Any) -> Any:
    return value


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    if not TIME.fullmatch(value):
        raise Unsure
    at = datetime.fromisoformat(value)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


_READ: dict[str, Callable[[Any], Any]] = {"number": _number, "text": _as_it_is, "truth": _as_it_is, "time": _time}


class Encoder:
    """From the values of a model's columns to its matrix: what `Columns.encode` does with a frame.

    >>> from everfit.features import Column, Columns
    >>> encoder = Encoder(Columns((Column("hour", "q"), Column("carrier", "c", ("AA", "UA")))))
    >>> encoder.matrix([(6, "UA"), (None, "ZZ")]).tolist()
    [[6.0, 1.0], [nan, nan]]
    """

    def __init__(self, columns: Columns) -> None:
        self._words = tuple(
            (place, {category: float(code) for code, category in enumerate(column.categories)}.get)
            for place, column in enumerate(columns.columns)
            if column.kind == "c"
        )
        self._width = len(columns.columns)
        self._pack = struct.Struct(f"={self._width}f").pack  # with "=" it refuses what float32 cannot hold

    def matrix(self, rows: Sequence[Sequence[Any]]) -> NDArray[np.float32]:
        """One row for each of `rows`, whose values are in the columns' order. Errors: `Unsure` for what is no number,
        and for a number too large for the matrix."""
        import numpy as np

        try:
            packed = b"".join([self._pack(*self._coded(row)) for row in rows])
        except (struct.error, OverflowError, TypeError, ValueError) as error:
            raise Unsure from error
        return np.frombuffer(packed, dtype=np.float32).reshape(len(rows), self._width)

    def _coded(self, row: Sequence[Any]) -> list[Any]:
        coded = list(row)
        for place, code in self._words:
            coded[place] = code(coded[place], nan)
        return [nan if value is None else value for value in coded] if None in coded else coded


def reader(inputs: Inputs, columns: Columns, one_row: OneRow | None) -> Callable[[Sequence[Row]], NDArray[np.float32]]:
    """From rows of JSON to the matrix: through `one_row`, which makes a row's features, or (None) with the inputs as
    they are. It raises `Unsure` for rows that pandas has to look at."""
    import numpy as np

    plain, encoder, names = Plain(inputs), Encoder(columns), columns.names
    if one_row is None:
        places = [inputs.names.index(name) for name in names]
        in_order = places == list(range(len(inputs.names)))

        def given(rows: Sequence[Row]) -> NDArray[np.float32]:
            found = [plain.values(row) for row in rows]
            return encoder.matrix(found if in_order else [[row[place] for place in places] for row in found])

        return given

    def through(rows: Sequence[Row]) -> NDArray[np.float32]:
        made = [one_row(plain.row(row)) for row in rows]
        try:
            found = [[row[name] for name in names] for row in made]
        except (KeyError, TypeError) as error:
            raise Unsure from error
        matrix = encoder.matrix(found)
        if any(map(len(names).__lt__, map(len, made))) or np.isinf(matrix).any():
            raise Unsure
        return matrix

    return through
