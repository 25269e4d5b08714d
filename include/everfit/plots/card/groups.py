"""Rows in groups by what was said of them, and what came: the drawing that says whether numbers mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.plots.card.panels import Series, points
from everfit.statistics.calibration import curve
from everfit.statistics.interval import count_clusters, estimate, mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

GROUPS = 10
DAYS = 2


def reliability(who: str, said: Array, came: Array, days: NDArray[np.int64], groups: int = GROUPS) -> Series:
    """In groups of equal size by what was said: its mean against the mean of what came, with a 90 % interval by day.

    Equal scores stay in one group, so there may be fewer groups; one whose rows are all of one day has no interval and
    is left out.
    """
    import numpy as np

    edges = np.unique(np.quantile(said, np.linspace(0, 1, groups + 1))[1:-1])
    codes = np.searchsorted(edges, said, side="left")
    kept = [codes == code for code in np.unique(codes)]
    kept = [here for here in kept if count_clusters(days[here]) >= DAYS]
    found = [estimate(mean(came[here]), days[here]) for here in kept]
    return Series(
        who,
        points(np.array([said[here].mean() for here in kept])),
        points(np.array([one.value for one in found])),
        points(np.array([one.low for one in found])),
        points(np.array([one.high for one in found])),
    )


def smooth(who: str, said: Array, came: Array, days: NDArray[np.int64]) -> Series:
    """The reliability curve of probabilities, with its band of one-sided 95 % bounds; no points from a single day."""
    if count_clusters(days) < DAYS:
        return Series(who, (), ())
    found = curve(came, said, days)
    return Series(who, found.forecast, found.came, found.low, found.high)


def shares(who: str, values: Array, edges: Array, told: str = "") -> Series:
    """A histogram as steps: the share of all values that is between each two edges."""
    import numpy as np

    counts = np.histogram(values, edges)[0]
    share = counts / max(len(values), 1)
    return Series(who, points(edges), points(np.append(share, share[-1:])), told=told)
