"""How many last how long, when not everybody was watched to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.truth import Truth

    Array = NDArray[np.float64]


def kaplan_meier(truth: Truth) -> tuple[Array, Array]:
    """The times at which events came, in order, and the share that lasts longer than each.

    Source: Kaplan and Meier, J. American Statistical Association 53 (1958) 457-481.

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> truth = Truth(np.array([1.0, 2.0, 2.0, 3.0]), observed=np.array([True, True, False, True]))
    >>> [part.tolist() for part in kaplan_meier(truth)]
    [[1.0, 2.0, 3.0], [0.75, 0.5, 0.0]]
    """
    import numpy as np

    times, codes = np.unique(truth.y, return_inverse=True)
    events = np.bincount(codes, weights=truth.events, minlength=len(times))
    leaving = np.bincount(codes, minlength=len(times))
    watched = truth.rows - np.cumsum(leaving) + leaving
    lasting = np.cumprod(1 - events / watched)
    return times[events > 0], lasting[events > 0]


def median_time(truth: Truth) -> float:
    """The time by which half have had their event; infinite if so many are not known to.

    >>> import numpy as np
    >>> from everfit.statistics.truth import Truth
    >>> median_time(Truth(np.array([1.0, 2.0, 3.0])))
    2.0
    """
    import numpy as np

    times, lasting = kaplan_meier(truth)
    half = np.flatnonzero(lasting <= 0.5)  # noqa: PLR2004 - one half is the meaning
    return float(times[half[0]]) if len(half) else float("inf")
