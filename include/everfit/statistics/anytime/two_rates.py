"""How much larger one rate of yes is than another, in two streams that are watched all the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FIRST = 0.18
"""What is foretold of the first block: Beta(0.18, 0.18), with which the regret is about least (Turner et al.)."""

_HALVINGS = 24
_EDGE = 1e-9


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


def evidence(seen: Blocks, by: float) -> float:
    """The logarithm of the evidence that the first rate is more than `by` larger than the second.

    In each block it is the likelihood of the counts under the two rates foretold from the blocks before, over that of
    the nearest two that are `by` apart (nearest in Kullback-Leibler divergence, rows of both streams counted); 1 where
    no more than `by` was foretold. That is at most 1 on average for all rates in the block, whatever they were before,
    whose difference is at most `by`: with `s1 = (q1 - p1) / (p1 * (1 - p1))`, nearest means `n1 * s1 = -n2 * s2 >= 0`,
    and the mean of the quotient at rates `r1, r2` is `(1 + (r1 - p1) * s1)^n1 * (1 + (r2 - p2) * s2)^n2 <=
    exp(n1 * s1 * (r1 - r2 - by)) <= 1`. So the rates may change in time, and the streams' shares of the traffic too;
    the rows of a block are to be independent.

    Sources: Turner, Ly and Grunwald, arXiv 2106.02693 (2021); Turner and Grunwald, arXiv 2203.09785 (2022), for
    differences and their confidence sequences.

    >>> import numpy as np
    >>> one = np.ones(100)
    >>> seen = Blocks(np.arange(100) % 2, one, np.arange(100) % 10 == 0, one)
    >>> round(evidence(seen, 0.0), 2), round(evidence(seen, 0.4), 2), round(evidence(seen.turned, 0.0), 2)
    (18.07, 0.0, -2.66)
    """
    import numpy as np
    from scipy.special import xlog1py, xlogy

    ours, theirs = _foretold(seen.yes, seen.rows), _foretold(seen.other_yes, seen.other_rows)
    near = _nearest(ours, theirs, seen.rows, seen.other_rows, by)
    far = near - by
    gained = xlogy(seen.yes, ours / near) + xlogy(seen.other_yes, theirs / far)
    gained += xlog1py(seen.rows - seen.yes, -ours) - xlog1py(seen.rows - seen.yes, -near)
    gained += xlog1py(seen.other_rows - seen.other_yes, -theirs) - xlog1py(seen.other_rows - seen.other_yes, -far)
    return float(np.sum(np.where(ours - theirs > by, gained, 0.0)))


def at_least(seen: Blocks, alpha: float) -> float:
    """The lower bound of the difference of the rates at any look: the largest that the evidence refuses."""
    from math import log

    low, high = -1.0, max(seen.difference, -1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if evidence(seen, middle) >= -log(alpha) else (low, middle)
    return low


def at_most(seen: Blocks, alpha: float) -> float:
    """The upper bound, see `at_least`."""
    return -at_least(seen.turned, alpha)


def _foretold(yes: Array, rows: Array) -> Array:
    import numpy as np

    return np.asarray((np.cumsum(yes) - yes + FIRST) / (np.cumsum(rows) - rows + 2 * FIRST))


def _nearest(ours: Array, theirs: Array, rows: Array, other_rows: Array, by: float) -> Array:
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
    return np.asarray(np.clip(2 * u * np.cos(w) - b / (3 * a), max(by, 0.0) + _EDGE, min(1 + by, 1.0) - _EDGE))
