"""A share of rows that go together by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.statistics.by_group import by_day
from everfit.statistics.proportions import Share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST_CLUSTERS = 8
"""With fewer days nobody knows how much they differ; rows are taken for independent then."""


def share_of(has: NDArray[np.bool_], clusters: NDArray[np.int64]) -> Share:
    """The share of the rows that have it, with as many rows as they are worth.

    Where none has it, or all, there is no spread between days to see, and rows are taken for independent.

    >>> import numpy as np
    >>> together = share_of(np.repeat(np.arange(40) % 4 == 0, 10), np.repeat(np.arange(40), 10))
    >>> float(together.value), round(float(together.rows))  # a day has it as a whole: 40 facts, not 400
    (0.25, 39)
    >>> share_of(np.zeros(100, dtype=bool), np.arange(100)).rows
    100
    """
    import numpy as np

    count, rows = int(has.sum()), len(has)
    if count in (0, rows) or len(np.unique(clusters)) < FEWEST_CLUSTERS:
        return Share.of(count, rows)
    found = by_day(np.zeros(rows, dtype=np.int64), 1, clusters, has, np.ones(rows, dtype=bool)).share
    return Share(found.value[0], found.rows[0], max(float(found.freedom[0]), 1.0))
