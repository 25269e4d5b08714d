"""How many independent rows would say as much of a share as rows that go together by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEWEST = 20
"""With fewer blocks nobody knows how much they differ, and each is taken to say no more than one row."""


def worth(yes: NDArray[np.bool_], weights: Array, blocks: NDArray[np.int64]) -> float:
    """The rows over their design effect: so many independent ones give a weighted share its variance between blocks.

    `blocks` are numbered from 0, none left out. Never more than the rows less what unequal weights cost (Kish). Where
    all or none are yes there is no variance to find, and the rows are taken as they are.

    Sources: Kish, Survey Sampling (1965); Korn and Graubard, Survey Methodology 24 (1998) 193-201.

    >>> import numpy as np
    >>> bursts = np.repeat(np.arange(400), 5)
    >>> slow = np.repeat(np.arange(400) % 10 == 0, 5)  # a burst is slow as a whole: 400 facts, not 2,000
    >>> worth(slow, np.ones(2000), bursts), worth(slow[:50], np.ones(50), bursts[:50])
    (400.0, 10.0)
    """
    import numpy as np

    total = float(weights.sum())
    if not total:
        return 0.0
    most = total**2 / float(np.sum(weights**2))
    share = float(np.sum(weights * yes)) / total
    count = int(blocks.max()) + 1
    if count < FEWEST:
        return min(most, float(count))
    spread = float(np.sum(np.bincount(blocks, weights * (yes - share)) ** 2))
    return round(min(most, share * (1 - share) * total**2 / spread), 6) if spread else most
