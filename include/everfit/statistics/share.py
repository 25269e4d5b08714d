"""A share of rows, with exact bounds that know that rows of one day go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.interval import LEVEL, effective, estimate, mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Share:
    """A share and its one-sided bounds; `rows` is how many it is of, `worth` how many independent ones say as much."""

    value: float
    low: float
    high: float
    rows: int
    worth: float

    def p(self, bar: float, *, above: bool) -> float:
        """How often chance alone would show so much or more, were the true share exactly at the bar (one-sided).

        >>> import numpy as np
        >>> none = share(np.zeros(10, dtype=bool), np.arange(10))
        >>> round(none.p(0.2589, above=False), 3), none.p(0.2589, above=True)
        (0.05, 1.0)
        """
        from scipy.special import betainc, betaincc

        hits = self.value * self.worth
        if above:
            return float(betainc(hits, self.worth - hits + 1, bar)) if hits else 1.0
        return float(betaincc(hits + 1, self.worth - hits, bar)) if hits < self.worth else 1.0


def share(counted: NDArray[np.bool_], clusters: NDArray[np.int64], level: float = LEVEL) -> Share:
    """The share of rows that are counted: Clopper and Pearson's exact bounds, for as many rows as these are worth.

    Rows of one day are often counted together, and then say less than as many independent ones: as many as give a mean
    the variance that is found between days, a little less for few days (Student's t). With none or all counted there is
    no such variance to find, and the rows are taken as they are, which is right for what a day has no part in.

    Sources: Clopper and Pearson, Biometrika 26 (1934) 404-413; Korn and Graubard, Survey Methodology 24 (1998) 193-201.

    >>> import numpy as np
    >>> found = share(np.zeros(10, dtype=bool), np.arange(10))  # none of ten: 1 - 0.05 ** (1 / 10)
    >>> found.low, round(found.high, 4)
    (0.0, 0.2589)
    >>> half = np.repeat([True, False] * 5, 10)  # ten days, of each all rows or none: worth ten rows, less a little
    >>> round(share(half, np.repeat(np.arange(10), 10)).worth, 1)
    7.4
    """
    import numpy as np
    from scipy.special import betaincinv, stdtrit

    rows, value = len(counted), float(np.mean(counted))
    worth = float(rows)
    error = estimate(mean(counted.astype(float)), clusters).error
    if error:
        shorter = stdtrit(rows - 1, level) / stdtrit(effective(clusters) - 1, level)
        worth = float(min(rows, value * (1 - value) / error**2 * shorter**2))
    hits = value * worth
    low = float(betaincinv(hits, worth - hits + 1, 1 - level)) if value > 0 else 0.0
    high = float(betaincinv(hits + 1, worth - hits, level)) if value < 1 else 1.0
    return Share(value, low, high, rows, worth)
