"""A few of many rows, as far from each other as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def evenly(rows: int, most: int) -> NDArray[np.int64]:
    """The places of at most so many of the rows, evenly spaced from the first to the last; all if they are no more.

    >>> evenly(10, 4).tolist(), evenly(2, 4).tolist(), evenly(0, 4).tolist()
    ([0, 3, 6, 9], [0, 1], [])
    """
    import numpy as np

    return np.unique(np.linspace(0, rows - 1, min(most, rows)).astype(np.int64))
