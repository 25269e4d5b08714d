"""Label and time of the rows, and what else a task has to know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import DataError, SpecError, did_you_mean
from everfit.steps.feature_table import GROUP, LABEL, OBSERVED, TIME, WEIGHT

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.features import FeatureCode
    from everfit.spec import ModelSpec

SHOWN = 3


def check_columns(spec: ModelSpec, code: FeatureCode, rows: pd.DataFrame) -> None:
    """Raise `SpecError` unless rows() makes the columns that the spec names, and no outcome among them is an input."""
    named = {"label": spec.label, "time": spec.time, "group": spec.group, "observed": spec.observed}
    for key, name in (named | {"train.weight": spec.train.weight}).items():
        if name and name not in rows.columns:
            known = did_you_mean(name, map(str, rows.columns))
            raise SpecError(f"{code.path}: rows() makes no column {name!r}, which the spec names as its {key}{known}")
    for key in ("label", "observed"):
        if named[key] in code.inputs:
            raise SpecError(
                f"{code.path}: the {key} {named[key]!r} is among INPUTS; no caller can know it: take it out"
            )


def labels(spec: ModelSpec, rows: pd.DataFrame) -> pd.Series[Any]:
    """The label, missing where there is none: the name of the class for a multiclass task, else float64.

    Errors: `DataError` for what is no finite number, or a class that is neither text nor a whole number.
    """
    import numpy as np
    import pandas as pd

    if spec.task == "multiclass":
        return _names(spec, rows[spec.label])
    try:
        found = rows[spec.label].astype("float64")
    except (ValueError, TypeError) as error:
        raise DataError(f"the label {spec.label!r} must be a number: {error}") from error
    if np.isinf(found).any():
        raise DataError(f"the label {spec.label!r} is infinite in {int(np.isinf(found).sum())} rows")
    return pd.Series(found)


def times(spec: ModelSpec, rows: pd.DataFrame) -> pd.Series[Any]:
    """The time of each row, in UTC. Errors: `SpecError` for numbers, `DataError` for text that is no time."""
    import pandas as pd

    values = rows[spec.time]
    if pd.api.types.is_numeric_dtype(values.dtype):
        raise SpecError(f"{spec.name}: the time {spec.time!r} holds numbers; rows() must make times of them")
    try:
        return pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
    except (ValueError, TypeError) as error:
        raise DataError(f"the time {spec.time!r} cannot be read as one: {error}") from error


def truths(spec: ModelSpec, rows: pd.DataFrame) -> pd.DataFrame:
    """`__label`, `__time`, and of `__group`, `__observed` and `__weight` what the spec asks for.

    A group is a whole number that counts the groups of these rows; rows of two batches are never of one group. Errors:
    `DataError` for a labelled row of which one of them is missing or impossible.
    """
    import pandas as pd

    made = pd.DataFrame({LABEL: labels(spec, rows), TIME: times(spec, rows)})
    known = made[LABEL].notna()
    if spec.group:
        _check_there(spec, "group", rows[spec.group], known)
        made[GROUP] = pd.factorize(rows[spec.group], sort=False)[0]
    if spec.observed:
        _check_there(spec, "observed", rows[spec.observed], known)
        made[OBSERVED] = _yes_or_no(spec, rows[spec.observed], known)
    if spec.train.weight:
        made[WEIGHT] = _numbers(spec, rows[spec.train.weight], known)
    return made


def learnable_rows(spec: ModelSpec, truth: pd.DataFrame) -> NDArray[np.int64]:
    """The places of the rows with a label, in the order of the feature table: as they come, but group by group."""
    import numpy as np

    places = np.flatnonzero(truth[LABEL].notna().to_numpy())
    return places[np.argsort(truth[GROUP].to_numpy()[places], kind="stable")] if spec.group else places


def classes_of(names: pd.Series[Any]) -> tuple[str, ...]:
    """The classes among labels, in order: as numbers if all of them are whole numbers, else as text.

    >>> import pandas as pd
    >>> classes_of(pd.Series(["10", "9", None])), classes_of(pd.Series(["late", "10", "late"]))
    (('9', '10'), ('10', 'late'))
    """
    found = {str(name) for name in names.dropna().unique()}
    numbers = all(name.lstrip("-").isdecimal() for name in found)
    return tuple(sorted(found, key=int) if numbers else sorted(found))


def _names(spec: ModelSpec, values: pd.Series[Any]) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_integer_dtype(values.dtype):
        return values.astype("string").astype(object).where(values.notna(), None)
    if pd.api.types.is_float_dtype(values.dtype):
        broken = values[values.notna() & (values % 1 != 0)]
        if len(broken):
            raise DataError(f"the label {spec.label!r} is {broken.iloc[0]:g}; a class is text or a whole number")
        return values.astype("Int64").astype("string").astype(object).where(values.notna(), None)
    odd = [value for value in values.dropna().unique() if not isinstance(value, str | int | np.integer)]
    if odd:
        raise DataError(f"the label {spec.label!r} is {odd[0]!r}; a class is text or a whole number")
    return values.astype(object).map(str, na_action="ignore").where(values.notna(), None)


def _check_there(spec: ModelSpec, key: str, values: pd.Series[Any], known: pd.Series[Any]) -> None:
    missing = int((values.isna() & known).sum())
    if missing:
        raise DataError(
            f"{spec.name}: {values.name!r}, the spec's {key}, is missing in {missing:,} of {int(known.sum()):,} rows "
            "with a label; leave their label empty too, or fill it in rows()"
        )


def _yes_or_no(spec: ModelSpec, values: pd.Series[Any], known: pd.Series[Any]) -> pd.Series[Any]:
    odd = values[known & ~values.isin([0, 1, True, False])]
    if len(odd):
        raise DataError(f"{spec.name}: {values.name!r} says whether the event came, so {odd.iloc[0]} is no answer")
    return values.where(known, False).astype(bool)


def _numbers(spec: ModelSpec, values: pd.Series[Any], known: pd.Series[Any]) -> pd.Series[Any]:
    import numpy as np

    try:
        found = values.astype("float64")
    except (ValueError, TypeError) as error:
        raise DataError(f"{spec.name}: the weight {values.name!r} must be a number: {error}") from error
    wrong = found[known & ~(np.isfinite(found) & (found >= 0))]
    if len(wrong):
        raise DataError(
            f"{spec.name}: the weight {values.name!r} is {wrong.iloc[0]:g} in one of {len(wrong):,} rows with a label "
            "that have none to use; wanted a number of at least 0"
        )
    if known.any() and not found[known].any():
        raise DataError(f"{spec.name}: the weight {values.name!r} is 0 in every row, so nothing can be learnt")
    return found
