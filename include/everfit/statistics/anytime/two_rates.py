"""How much larger one rate of yes is than another, in two streams that are watched all the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FIRST = 0.18
"""What is foretold of the first block: Beta(0.18, 0.18), with which the regret is about least (Turner et al.)."""

_STEPS, _TIMES, _WIDEST = 25, 4, 0.9999
_EDGE = 1e-9
"""Rates are kept so far from 0 and 1."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Counts of two streams, block after block, each with at least one row of both: `yes` of `rows`."""

    yes: Array
    rows: Array
    other_yes: Array
    other_rows: Array

    @property
    def turned(self) -> Blocks:
        """The same with the streams changed over."""
        return Blocks(self.other_yes, self.other_rows, self.yes, self.rows)

    @property
    def difference(self) -> float:
        """How much larger the first rate is, block by block, weighted by what a block can say."""
        import numpy as np

        weight = self.rows * self.other_rows / (self.rows + self.other_rows)
        apart = self.yes / self.rows - self.other_yes / self.other_rows
        return float(np.sum(weight * apart) / np.sum(weight)) if len(weight) else 0.0


def evidence(seen: Blocks, by: Any) -> Array:
    """The logarithm of the evidence that the first rate is more than `by` larger than the second: the sum of `gained`.

    >>> import numpy as np
    >>> one = np.ones(100)
    >>> seen = Blocks(np.arange(100) % 2, one, np.arange(100) % 10 == 0, one)
    >>> evidence(seen, [0.0, 0.4]).round(2), evidence(seen.turned, 0.0).round(2)
    (array([18.07,  0.  ]), np.float64(-2.66))
    """
    import numpy as np

    return np.asarray(np.sum(gained(seen, by), axis=-1))


def gained(seen: Blocks, by: Any) -> Array:
    """What each block adds to the evidence; shape `(..., blocks)` for as many `by` as are asked at once.

    It is the likelihood of the counts under the two rates foretold from the blocks before, over that of
    the nearest two that are `by` apart (nearest in Kullback-Leibler divergence, rows of both streams counted); 1 where
    no more than `by` was foretold. That is at most 1 on average for all rates in the block, whatever they were before,
    whose difference is at most `by`: with `s1 = (q1 - p1) / (p1 * (1 - p1))`, nearest means `n1 * s1 = -n2 * s2 >= 0`,
    and the mean of the quotient at rates `r1, r2` is `(1 + (r1 - p1) * s1)^n1 * (1 + (r2 - p2) * s2)^n2 <=
    exp(n1 * s1 * (r1 - r2 - by)) <= 1`. So the rates may change in time, and the streams' shares of the traffic too;
    the rows of a block are to be independent.

    Sources: Turner, Ly and Grunwald, arXiv 2106.02693 (2021); Turner and Grunwald, arXiv 2203.09785 (2022), for
    differences and their confidence sequences.
    """
    import numpy as np
    from scipy.special import xlog1py, xlogy

    by = np.asarray(by, dtype=np.float64)[..., None]
    ours, theirs = _foretold(seen.yes, seen.rows), _foretold(seen.other_yes, seen.other_rows)
    near = _nearest(ours, theirs, seen.rows, seen.other_rows, by)
    far = near - by
    more = xlogy(seen.yes, ours / near) + xlogy(seen.other_yes, theirs / far)
    more += xlog1py(seen.rows - seen.yes, -ours) - xlog1py(seen.rows - seen.yes, -near)
    more += xlog1py(seen.other_rows - seen.other_yes, -theirs) - xlog1py(seen.other_rows - seen.other_yes, -far)
    return np.where(ours - theirs > by, more, 0.0)


def at_least(seen: Blocks, alpha: float) -> float:
    """The lower bound of the difference of the rates at any look: all that is smaller is refused by the evidence.

    >>> import numpy as np
    >>> seen = Blocks(np.arange(100) % 2, np.ones(100), np.arange(100) % 10 == 0, np.ones(100))
    >>> round(at_least(seen, 0.05), 3), round(at_most(seen, 0.05), 3)
    (0.211, 0.618)
    """
    import numpy as np

    tried = np.linspace(-_WIDEST, _WIDEST, _STEPS)
    for time in range(_TIMES):
        place = int(np.argmin(evidence(seen, tried) >= -np.log(alpha)))
        if not place:
            return float(tried[0]) if time else -1.0
        tried = np.linspace(tried[place - 1], tried[place], _STEPS)
    return float(tried[0])


def at_most(seen: Blocks, alpha: float) -> float:
    """The upper bound, see `at_least`."""
    return -at_least(seen.turned, alpha)


def _foretold(yes: Array, rows: Array) -> Array:
    import numpy as np

    return np.asarray((np.cumsum(yes) - yes + FIRST) / (np.cumsum(rows) - rows + 2 * FIRST))


def _nearest(ours: Array, theirs: Array, rows: Array, other_rows: Array, by: Array) -> Array:
    """The first of the two likeliest rates that are `by` apart: the root of a cubic.

    Source: Farrington and Manning, Statistics in Medicine 9 (1990) 1447-1454, appendix.
    """
    import numpy as np

    more = other_rows / rows
    a = 1 + more
    b = -(1 + more + ours + more * theirs + by * (more + 2))
    c = by**2 + by * (2 * ours + more + 1) + ours + more * theirs
    d = -ours * by * (1 + by)
    v = b**3 / (27 * a**3) - b * c / (6 * a**2) + d / (2 * a)
    u = np.where(v < 0, -1.0, 1.0) * np.sqrt(np.maximum(b**2 / (9 * a**2) - c / (3 * a), 1e-300))
    w = (np.pi + np.arccos(np.clip(v / u**3, -1, 1))) / 3
    return np.asarray(
        np.clip(2 * u * np.cos(w) - b / (3 * a), np.maximum(by, 0) + _EDGE, np.minimum(1 + by, 1) - _EDGE)
    )
