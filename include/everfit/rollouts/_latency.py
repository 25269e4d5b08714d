"""Latency: how many times the champion's seconds an answer takes."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from everfit.rollouts._parts import Levels, Telling, nothing, part
from everfit.statistics.anytime.quantile import ranks
from everfit.statistics.anytime.strata import strata
from everfit.statistics.anytime.worth import worth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.rollouts.seen import Watched
    from everfit.values import Detail

    Array = NDArray[np.float64]

TOLD = Telling("times the champion's", ".3g")
SHARES = {"latency_p50": 0.5, "latency_p99": 0.99}


def latency(seen: Watched, signals: tuple[str, ...], bar: float, block: float, levels: Levels) -> list[Detail]:
    """The ratio of a quantile of the challenger's seconds to the champion's, from the bounds of both.

    A sequence of bounds of each quantile without assumption on how seconds are distributed, for as many independent
    requests as those are worth by blocks of time; blocks are independent. In the canary the champion's requests of a
    block weigh as much as the challenger's, so that a slow hour counts alike for both. Each bound may be wrong half as
    often as the ratio.
    """
    import numpy as np

    arms = seen.challenger.calls, seen.champion.calls
    timed = [np.isfinite(calls.seconds) for calls in arms]
    cut = strata(arms[0].at[timed[0]], arms[1].at[timed[1]], block)
    if not len(cut.rows):
        return [nothing(signal, bar, "no time of both yet") for signal in signals]
    weight = cut.rows / cut.other_rows
    ours = _Seconds.of(arms[0].seconds[timed[0]], cut.ours, np.ones(len(weight)))
    theirs = _Seconds.of(arms[1].seconds[timed[1]], cut.theirs, weight)
    return [_part(signal, ours, theirs, bar, levels) for signal in signals]


def _part(signal: str, ours: _Seconds, theirs: _Seconds, bar: float, levels: Levels) -> Detail:
    share = SHARES[signal]
    middle, other_middle = ours.at(share), theirs.at(share)
    harm, good = levels.harm / 2, levels.good / 2
    (lowest, highest), (others_lowest, others_highest) = (
        ours.bounds(share, harm, good),
        theirs.bounds(share, good, harm),
    )
    low = lowest / others_highest if lowest and others_highest < inf else -inf
    ends = low, highest / others_lowest if others_lowest else inf
    effect = middle / other_middle if other_middle else inf
    return part(signal, effect, ends, bar, len(ours.sorted), TOLD)


class _Seconds:
    """Seconds in ascending order, each with its weight and its block."""

    def __init__(self, seconds: Array, weights: Array, blocks: NDArray[np.int64]) -> None:
        import numpy as np

        order = np.argsort(seconds, kind="stable")
        self.sorted, self.weights, self.blocks = seconds[order], weights[order], blocks[order]
        self.reached = np.cumsum(self.weights) / self.weights.sum()

    @classmethod
    def of(cls, seconds: Array, places: NDArray[np.int64], weights: Array) -> _Seconds:
        """Those that are in a block, with the weight of the block's rows."""
        inside = places >= 0
        return cls(seconds[inside], weights[places[inside]], places[inside])

    def at(self, share: float) -> float:
        """The quantile."""
        import numpy as np

        return float(self.sorted[min(int(np.searchsorted(self.reached, share)), len(self.sorted) - 1)])

    def bounds(self, share: float, low_alpha: float, high_alpha: float) -> tuple[float, float]:
        """The quantile's bounds; 0 and infinity where there is none."""
        rows = worth(self.sorted <= self.at(share), self.weights, self.blocks)
        low, high = ranks(rows, share, low_alpha, high_alpha)
        return self.at(low) if low > 0 else 0.0, self.at(high) if high < 1 else inf
