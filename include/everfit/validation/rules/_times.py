"""Times in a column, whatever it holds them as, in microseconds since 1970 in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SECOND = 1_000_000


def moments(values: Any, name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Each value of an Arrow array as microseconds since 1970, and which values there are; a time without zone is UTC.

    Errors: `DataError` for numbers, and for text that is no ISO 8601 time.
    """
    import pandas as pd
    import pyarrow
    from pyarrow import compute, types

    known = compute.is_valid(values).to_numpy(zero_copy_only=False)
    if types.is_timestamp(values.type) or types.is_date(values.type):
        micros = values.cast(pyarrow.timestamp("us")).cast(pyarrow.int64())
    elif types.is_string(values.type) or types.is_large_string(values.type):
        try:
            parsed = pd.to_datetime(pd.Series(values.to_pylist(), dtype=object), utc=True, format="ISO8601")
        except (ValueError, TypeError) as error:
            raise DataError(f"column {name!r} holds text that is no time: {str(error).splitlines()[0]}") from error
        micros = pyarrow.array(parsed.dt.as_unit("us").astype("datetime64[us, UTC]")).cast(pyarrow.int64())
    elif not known.any():
        micros = pyarrow.array([0] * len(values), type=pyarrow.int64())
    else:
        raise DataError(f"column {name!r} holds {values.type} values, which are no times")
    return compute.fill_null(micros, 0).to_numpy(zero_copy_only=False), known
