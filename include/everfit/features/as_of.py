"""Joins a slower table (weather, prices, versions of a customer) to rows as it was known at each row's time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError, SpecError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

AT, WHEN, WHO, ROW, PLACE = "__at", "__when", "__who", "__row", "__place"


def as_of(
    rows: pd.DataFrame,
    table: pd.DataFrame,
    *,
    time: str,
    by: str | Sequence[str] = (),
    table_time: str | None = None,
    available: str | timedelta | None = None,
    tolerance: timedelta | None = None,
    strictly_before: bool = False,
) -> pd.DataFrame:
    """`rows` with, for each, the newest values of `table` that were known at its time: never one from after.

    A value of `table` has the time `table_time` (default: `time`). It is known from then on, or later if `available`
    says so: a delay (`timedelta(hours=2)`), or a column with the moment at which it came in. With `strictly_before` it
    must have been known before the row's time, else at it is soon enough. Values older than `tolerance` do not count.
    `by` are the columns that both must share. Of values of one time, the one that came in last is taken, a correction,
    and of those that came in together the last in the table.

    The rows, their order, index and types stay; the other columns of `table` are added. Where nothing is known they
    are missing, so that whole numbers come as float64 and truth values as boolean, always. Neither frame has to be
    sorted. Errors: `SpecError` for columns that are not there, are on both sides, or cannot be compared; `DataError`
    for a missing time.

    >>> import pandas as pd
    >>> sold = pd.DataFrame({"at": pd.to_datetime(["2013-01-02", "2013-01-05"]), "item": ["tea", "tea"]})
    >>> prices = pd.DataFrame({"at": pd.to_datetime(["2013-01-01", "2013-01-04"]), "item": "tea", "price": [3, 4]})
    >>> as_of(sold, prices, time="at", by="item", available=timedelta(days=2))["price"].tolist()
    [nan, 3.0]
    """
    import pandas as pd

    keys, then = [by] if isinstance(by, str) else list(by), table_time or time
    came, delay = (available, None) if isinstance(available, str) else (None, available)
    _check_columns(rows, table, [time, *keys], [then, *keys, *([came] if came else [])])
    added = [name for name in table.columns if name not in {then, came, *keys}]
    _check_new(rows, added)
    if delay is not None and delay < timedelta():
        raise SpecError(f"as_of: available is {delay}, but a value cannot be known before its time")
    of_rows, of_table = _times(rows, time, "rows"), _times(table, then, "table")
    at, when, known = _one_clock(of_rows, of_table, of_table if came is None else _times(table, came, "table"))
    known = known if delay is None else known + pd.Timedelta(delay)
    whose, whom = _codes(rows, table, keys)
    asked = pd.DataFrame({AT: at, WHO: whose, ROW: range(len(rows))}).sort_values(AT, kind="stable")
    values = pd.DataFrame({AT: known.where(known > when, when), WHEN: when, WHO: whom, PLACE: range(len(table))})
    found = pd.merge_asof(asked, _in_force(values), on=AT, by=WHO, allow_exact_matches=not strictly_before)
    if tolerance is not None:
        found[PLACE] = found[PLACE].where(found[AT] - found[WHEN] <= pd.Timedelta(tolerance))
    places = found.set_index(ROW)[PLACE].sort_index().astype("Int64").fillna(-1).to_numpy(dtype="int64")
    taken = _take(table[added], places)
    taken.index = rows.index
    return pd.concat([rows, taken], axis=1)


def _in_force(known: pd.DataFrame) -> pd.DataFrame:
    """The values in the order in which they came in, without those that were older than what was known already."""
    ordered = known[known[WHO] >= 0].sort_values([AT, WHEN, PLACE], kind="stable")
    newest = ordered.groupby(WHO, sort=False)[WHEN].cummax()
    return ordered[ordered[WHEN] >= newest]


def _take(values: pd.DataFrame, places: Any) -> pd.DataFrame:
    """The rows of `values` at `places`, all missing at -1, in types that do not depend on whether one is."""
    import pandas as pd

    made = {}
    for name in values.columns:
        column = values[name]
        if pd.api.types.is_bool_dtype(column.dtype) and not pd.api.types.is_extension_array_dtype(column.dtype):
            column = column.astype("boolean")
        elif pd.api.types.is_integer_dtype(column.dtype) and not pd.api.types.is_extension_array_dtype(column.dtype):
            column = column.astype("float64")
        made[name] = column.reset_index(drop=True).reindex(places).array
    return pd.DataFrame(made, columns=values.columns)


def _codes(rows: pd.DataFrame, table: pd.DataFrame, keys: list[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """A number for each combination of keys, the same on both sides; -1 in the table and -2 in the rows where a key is
    missing, so that they never meet."""
    import numpy as np
    import pandas as pd

    if not keys:
        return np.zeros(len(rows), dtype="int64"), np.zeros(len(table), dtype="int64")
    for name in keys:
        if _is_number(rows[name]) != _is_number(table[name]) and len(rows) and len(table):
            raise SpecError(
                f"as_of: {name!r} is {rows[name].dtype} in the rows and {table[name].dtype} in the table, so no two "
                "would ever be equal: make it the same on both sides"
            )
    other = [name for name in keys if rows[name].dtype != table[name].dtype]
    sides = [side[keys].astype(dict.fromkeys(other, object)) for side in (rows, table)]
    both = pd.concat(sides, ignore_index=True)
    codes = both.groupby(keys, sort=False, dropna=True, observed=True).ngroup().fillna(-1).to_numpy(dtype="int64")
    whose, whom = codes[: len(rows)].copy(), codes[len(rows) :]
    whose[whose < 0] = -2
    return whose, whom


def _is_number(values: pd.Series[Any]) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(values.dtype))


def _times(frame: pd.DataFrame, name: str, which: str) -> pd.Series[Any]:
    import pandas as pd

    values = frame[name].reset_index(drop=True)
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        raise SpecError(
            f"as_of: {name!r} of the {which} holds {values.dtype}, wanted times: make them with pd.to_datetime"
        )
    missing = values.isna()
    if missing.any():
        raise DataError(
            f"as_of: {name!r} of the {which} is missing in {int(missing.sum())} of {len(values)} rows, first in row "
            f"{int(missing.to_numpy().argmax())}; nobody can say what was known then: leave those rows out"
        )
    return values


def _one_clock(*times: pd.Series[Any]) -> list[pd.Series[Any]]:
    """The times in one unit, the finest of them, so that none is rounded."""
    import pandas as pd

    zoned = {one.dt.tz is not None for one in times}
    if len(zoned) > 1:
        raise SpecError("as_of: some times have a time zone and some have none: make all of them UTC")
    plain = [one.dt.tz_convert("UTC").dt.tz_localize(None) if one.dt.tz is not None else one for one in times]
    try:
        finest = pd.concat([one.iloc[:0] for one in plain]).dtype
        return [one.astype(finest) for one in plain]
    except pd.errors.OutOfBoundsDatetime as error:
        raise DataError(f"as_of: a time is too far away to be compared with the others: {error}") from error


def _check_columns(rows: pd.DataFrame, table: pd.DataFrame, ours: list[str], theirs: list[str]) -> None:
    for frame, which, wanted in ((rows, "rows", ours), (table, "table", theirs)):
        for name in wanted:
            if name not in frame.columns:
                known = did_you_mean(name, map(str, frame.columns))
                raise SpecError(f"as_of: the {which} has no column {name!r}{known}".replace("rows has", "rows have"))


def _check_new(rows: pd.DataFrame, added: list[str]) -> None:
    twice = [name for name in added if name in rows.columns]
    if twice:
        raise SpecError(f"as_of: both rows and table have a column {twice[0]!r}; rename or leave out one of them")
