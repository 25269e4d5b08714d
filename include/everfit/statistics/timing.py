"""How much slower one thing is than another, from timings taken in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.interval import LEVEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DRAWS = 2000


@dataclass(frozen=True)
class Ratio:
    """A ratio of two quantiles, with one-sided bounds."""

    value: float
    low: float
    high: float


def quantile_ratio(ours: Array, theirs: Array, share: float, seed: int, level: float = LEVEL) -> Ratio:
    """The quantile `share` of our timings over that of theirs; shape of both: turns by calls in a turn.

    What disturbs a machine lasts longer than one call, so calls of a turn go together: whole turns are drawn again,
    with both sides of a turn kept together, since what disturbed one disturbed the other (the block bootstrap: Kunsch,
    Annals of Statistics 17 (1989) 1217-1241; its percentiles are those of Efron and Tibshirani 1993, chapter 13). A
    quantile near 1 needs many calls: of fewer than `10 / (1 - share)` the bounds say too little.

    >>> import numpy as np
    >>> calls = np.random.default_rng(0).gamma(9, 1, (30, 20))
    >>> found = quantile_ratio(2 * calls, calls, 0.5, seed=1)
    >>> found.value, found.low, found.high
    (2.0, 2.0, 2.0)
    """
    import numpy as np

    turns = len(ours)
    drawn = np.random.default_rng(seed).integers(0, turns, (DRAWS, turns))
    ratios = np.quantile(ours[drawn].reshape(DRAWS, -1), share, axis=1) / np.quantile(
        theirs[drawn].reshape(DRAWS, -1), share, axis=1
    )
    low, high = np.quantile(ratios, (1 - level, level))
    return Ratio(float(np.quantile(ours, share) / np.quantile(theirs, share)), float(low), float(high))
