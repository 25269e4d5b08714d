"""What came, as far as it takes to say how good scores are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Truth:
    """The label of each row, and what else a task knows of it.

    `y` is 0 or 1 (binary), the place of the class among the columns of the scores (multiclass), the number itself
    (regression, quantile), the relevance (ranking), or the time until the event or until nobody looked any more
    (survival). `groups` has a number per row, equal for rows that are ranked against each other. `observed` is False
    where the event had not come by the time in `y`. `levels` are the quantiles that the columns of the scores stand
    for.
    """

    y: Array
    groups: NDArray[np.int64] | None = None
    observed: NDArray[np.bool_] | None = None
    levels: tuple[float, ...] = ()

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.y)

    @property
    def events(self) -> NDArray[np.bool_]:
        """Whether the event of each row came: of every row, if nobody said otherwise."""
        import numpy as np

        return np.ones(len(self.y), dtype=bool) if self.observed is None else self.observed

    @property
    def lists(self) -> NDArray[np.int64]:
        """The group of each row: one group of all, if nobody said otherwise."""
        import numpy as np

        return np.zeros(len(self.y), dtype=np.int64) if self.groups is None else self.groups
