"""How a mean went, day by day, or week by week where days have few rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from everfit.signals import Point
from everfit.statistics.interval import LEVEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors.seen import Rows

    Array = NDArray[np.float64]

FEW = 30
"""Where the usual day has fewer rows, points are weeks."""

WEEK = 7


def course(rows: Rows, values: Array, weights: Array) -> tuple[Point, ...]:
    """A point for each day that has rows, with one-sided 95 % bounds of what its own rows say.

    `values` and `weights` of each row: for how many it stands, 0 where nothing is known of it.
    """
    import numpy as np
    from scipy.special import ndtri

    there = weights > 0
    day, at, values, weights = rows.day[there], rows.at[there], values[there], weights[there]
    if not len(day):
        return ()
    length = 1 if np.median(np.unique(day, return_counts=True)[1]) >= FEW else WEEK
    newest = day.max()
    _, codes = np.unique((newest - day) // length, return_inverse=True)
    of = codes.max() - codes  # the oldest first
    count, whole = np.bincount(of), np.bincount(of, weights)
    value = np.bincount(of, weights * values) / whole
    spread = np.bincount(of, (weights * (values - value[of])) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = float(ndtri(LEVEL)) * np.sqrt(spread * count / (count - 1)) / whole
    noon = date_of(float(at[day == newest].mean()))
    points = []
    for place in range(len(count)):
        until = noon + timedelta(days=1 - int((newest - day[of == place].max()) // length) * length)
        known = bool(np.isfinite(reach[place]))
        low, high = (float(value[place] + sign * reach[place]) if known else None for sign in (-1, 1))
        since = until - timedelta(days=length)
        points.append(Point(since.isoformat(), until.isoformat(), float(value[place]), low, high, int(count[place])))
    return tuple(points)


def date_of(at: float) -> date:
    """The date of a moment, in seconds since 1970.

    >>> date_of(86400.0).isoformat()
    '1970-01-02'
    """
    return datetime.fromtimestamp(at, UTC).date()
