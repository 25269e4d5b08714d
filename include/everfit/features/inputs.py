"""What a caller of a model sends: the columns in INPUTS, each of one kind, always in the same pandas type.

Without this, a whole number is an int in a full batch and a float in a request with one value missing, and a feature
that makes text of it means two things.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number
from typing import TYPE_CHECKING, Any, Literal, cast

from everfit.errors import DataError, SpecError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["number", "text", "truth", "time"]
TYPES: dict[str, Any] = {"number": "float64", "text": "str", "truth": "boolean", "time": "datetime64[us, UTC]"}
WANTED = {"number": "a number", "text": "text", "truth": "true or false", "time": "a time"}
KINDS: dict[str, Kind] = {  # by pandas' infer_dtype
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "boolean": "truth",
    "string": "text",
    "empty": "text",
    "datetime64": "time",
    "datetime": "time",
    "date": "time",
}


@dataclass(frozen=True)
class Input:
    """One column that a caller sends."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Inputs:
    """The columns that a caller sends, learnt from the training rows and saved with the model.

    >>> import pandas as pd
    >>> inputs = Inputs.learn(pd.DataFrame({"hour": [6, 7], "carrier": ["UA", None]}), ["hour", "carrier"])
    >>> inputs.read(pd.DataFrame({"carrier": ["AA"], "hour": [None]})).dtypes.astype(str).to_dict()
    {'hour': 'float64', 'carrier': 'str'}
    """

    inputs: tuple[Input, ...]

    @classmethod
    def learn(cls, rows: pd.DataFrame, names: Sequence[str]) -> Inputs:
        """The kind of each of the columns `names`. Errors: `SpecError` for a column of mixed or other things."""
        return cls(tuple(Input(name, _kind(name, rows[name])) for name in names))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the order of INPUTS."""
        return tuple(column.name for column in self.inputs)

    def read(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The input columns of `rows` alone, in order and typed; what else is there is left out.

        Errors: `DataError` that names the column which is missing or holds something of another kind, with its row.
        """
        import pandas as pd

        for name in self.names:
            if name not in rows.columns:
                raise DataError(f"the rows have no column {name!r}{did_you_mean(name, map(str, rows.columns))}")
        return pd.DataFrame(
            {column.name: _typed(column, rows[column.name]) for column in self.inputs}, index=rows.index
        )

    def put_into(self, rows: pd.DataFrame) -> pd.DataFrame:
        """All columns of `rows`, the inputs among them typed as `read` types them."""
        whole, typed = rows.copy(deep=False), self.read(rows)
        for name in self.names:
            whole[name] = typed[name]
        return whole


def each_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """A few of the rows that say as much about the columns' kinds as all of them: of each column a row with a gap and
    one for each type of value.

    >>> import pandas as pd
    >>> each_kind(pd.DataFrame({"a": [1, 2, 3], "b": pd.Series(["x", "y", None], dtype=object)}))["a"].tolist()
    [1, 3]
    """
    places: set[int] = set()
    for name in rows.columns:
        values, gaps = rows[name], rows[name].isna().to_numpy()
        places |= {int(side.argmax()) for side in (gaps, ~gaps) if side.any()}
        if values.dtype == object:
            types = values[~gaps].map(type).drop_duplicates()
            places |= {int(place) for place in rows.index.get_indexer(types.index)}
    return rows.iloc[sorted(places)]


def _kind(name: str, values: pd.Series[Any]) -> Kind:
    import pandas as pd

    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return "time"
    found = pd.api.types.infer_dtype(_plain(values), skipna=True)
    if found == "empty" and pd.api.types.is_numeric_dtype(values.dtype):
        return "number"
    if found not in KINDS:
        raise SpecError(
            f"the input {name!r} holds {found} values: rows() must make it numbers, text, true/false or times"
        )
    return KINDS[found]


def _typed(column: Input, values: pd.Series[Any]) -> pd.Series[Any]:

    values = _plain(values)
    if str(values.dtype) == TYPES[column.kind]:
        return values
    if not values.isna().all() and not _fits(column.kind, values):
        raise DataError(_refusal(column, values))
    try:
        if column.kind == "time":
            values = _times(values)
        typed: pd.Series[Any] = values.astype(TYPES[column.kind])
    except (ValueError, TypeError) as error:
        raise DataError(f"column {column.name!r} must be {WANTED[column.kind]}: {error}") from error
    return typed


def _times(values: pd.Series[Any]) -> pd.Series[Any]:
    """ISO 8601 as times. pandas takes "" and "NaT" for missing ones; to a caller they are mistakes: null is missing."""
    import pandas as pd

    times = pd.to_datetime(values, utc=True, format="ISO8601")
    lost = times.isna() & values.notna()
    if lost.any():
        raise ValueError(f"found {values[lost].iloc[0]!r} (write null for a missing value)")
    return times


def _fits(kind: Kind, values: pd.Series[Any]) -> bool:
    import pandas as pd

    found = pd.api.types.infer_dtype(values, skipna=True)
    if KINDS.get(found) == kind or (kind, found) in {("time", "string"), ("number", "boolean")}:
        return True
    # True is a number alone, so it is one beside 1.5 as well: a row's answer does not depend on the rows beside it.
    return kind == "number" and found.startswith("mixed") and all(isinstance(one, Number) for one in values.dropna())


def _refusal(column: Input, values: pd.Series[Any]) -> str:
    """Which row holds what does not fit; found one by one, because this only runs when something is wrong."""
    wanted = WANTED[column.kind]
    for place in range(len(values)):
        one = values.iloc[[place]]
        if not one.isna().all() and not _fits(column.kind, one):
            return f"column {column.name!r} must be {wanted}; row {place} has {one.iloc[0]!r}"
    return f"column {column.name!r} must be {wanted}; it holds different kinds of things"


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """Categories as what they stand for."""
    import pandas as pd

    if not isinstance(values.dtype, pd.CategoricalDtype):
        return values
    plain: pd.Series[Any] = values.astype(cast(Any, values.cat.categories.dtype))
    return plain
