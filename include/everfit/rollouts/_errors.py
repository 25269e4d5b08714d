"""Errors: how many more requests fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.rollouts._parts import Levels, Telling, nothing, part
from everfit.statistics.anytime import betting, two_rates
from everfit.statistics.anytime.strata import strata

if TYPE_CHECKING:
    from everfit.rollouts._parts import Ends
    from everfit.rollouts.seen import Watched
    from everfit.values import Detail

GROWTH = 0.01
TOLD = Telling("failing requests against the champion's", "+.3g", per_cent=True)


def errors(seen: Watched, bar: float, levels: Levels) -> Detail:
    """The difference of the rates of failure.

    In the shadow by betting on the difference of each pair: nothing is assumed of what the two answers to one request
    have to do with each other, only that no request is expected to fail more often than the null says, given the ones
    before. In the canary by the two-sample e-process: requests are independent within a block of few, and the rates may
    change in time. Both are exact for any number of requests.
    """
    calls = seen.challenger.calls
    if not len(calls.at) or not len(seen.champion.calls.at):
        return nothing("errors", bar, "no request to both yet")
    effect, ends = (_pairs if seen.paired else _arms)(seen, levels)
    return part("errors", effect, ends, bar, len(calls.at), TOLD)


def _pairs(seen: Watched, levels: Levels) -> tuple[float, Ends]:
    import numpy as np

    apart = seen.challenger.calls.failed.astype(np.int64) - seen.champion.calls.failed
    values, counts = np.array([-1.0, 0.0, 1.0]), np.bincount(apart + 1, minlength=3).astype(np.float64)
    low = betting.at_least(values, counts, -1, levels.harm)
    return float(apart.mean()), (low, betting.at_most(values, counts, 1, levels.good))


def _arms(seen: Watched, levels: Levels) -> tuple[float, Ends]:
    import numpy as np

    ours, theirs = seen.challenger.calls, seen.champion.calls
    cut = strata(ours.at, theirs.at, 0.0, GROWTH)
    yes, other_yes = cut.sums(ours.failed.astype(np.float64), theirs.failed.astype(np.float64))
    blocks = two_rates.Blocks(yes, cut.rows, other_yes, cut.other_rows)
    return blocks.difference, (two_rates.at_least(blocks, levels.harm), two_rates.at_most(blocks, levels.good))
