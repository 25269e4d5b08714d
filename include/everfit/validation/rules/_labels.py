"""Labels and times of a delivery's rows, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.validation.delivery import Delivery

HOUR = 3600
NUMBERS = frozenset({"binary", "regression", "quantile", "ranking", "survival"})
"""The tasks whose label is a number, of which a mean and a rank say something."""


@dataclass(frozen=True)
class Labels:
    """The label of each row (NaN where there is none) and its time in seconds since 1970; rows without a time are left
    out."""

    y: NDArray[np.float64]
    seconds: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which rows have a label."""
        import numpy as np

        return ~np.isnan(self.y)

    @property
    def days(self) -> NDArray[np.int64]:
        """The day of each row (see `everfit.statistics.days`)."""
        import numpy as np

        from everfit.statistics.days import days

        return days(self.seconds // HOUR) if len(self.seconds) else np.empty(0, dtype=np.int64)


def labels(delivery: Delivery) -> Labels:
    """Labels and times of the delivery's rows. Errors: `DataError` if one is not there or not what it must be."""
    there = times_known(delivery)
    return Labels(label_of(delivery)[there], _seconds(delivery)[there])


def label_of(delivery: Delivery) -> NDArray[np.float64]:
    """The label of every row."""
    import numpy as np

    rows = delivery.rows
    if delivery.label not in rows.columns:
        raise DataError(f"the rows have no column {delivery.label!r}{did_you_mean(delivery.label, rows.columns)}")
    try:
        found = rows[delivery.label].to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise DataError(f"the label {delivery.label!r} is no number: {error}") from error
    if np.isinf(found).any():
        raise DataError(f"the label {delivery.label!r} is infinite in {int(np.isinf(found).sum())} rows")
    return found


def times_known(delivery: Delivery) -> NDArray[np.bool_]:
    """Which rows say when they were."""
    rows = delivery.rows
    if delivery.time not in rows.columns:
        raise DataError(f"the rows have no column {delivery.time!r}{did_you_mean(delivery.time, rows.columns)}")
    known: NDArray[np.bool_] = rows[delivery.time].notna().to_numpy()
    return known


def _seconds(delivery: Delivery) -> NDArray[np.int64]:
    import numpy as np
    import pandas as pd

    values = delivery.rows[delivery.time]
    if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
        raise DataError(f"the time {delivery.time!r} holds numbers")
    try:
        moments = pd.to_datetime(values, utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise DataError(f"the time {delivery.time!r} cannot be read: {error}") from error
    return moments.dt.as_unit("s").to_numpy(dtype="datetime64[s]").astype(np.int64)
