"""ADDIS: an online procedure that gains from candidates that are plainly worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from everfit.statistics.online import Decided, Shares


@dataclass(frozen=True)
class Addis:
    """ADDIS: an adaptive discarding algorithm; at most `share` of what passes is wrong.

    A p-value above `discard` costs nothing and is not looked at further, one below `likely` costs nothing either, for
    it is likely to be no mistake; the others pay for all. So it may give away more than LORD++ where most candidates
    are clearly worse or some clearly better. It needs p-values that are independent of each other and conservative in
    one way (a one-sided test of a normal mean is): there is no version for tests on some of the same rows.

    Source: Tian and Ramdas, NeurIPS 2019 (arXiv 1905.11465).

    >>> from everfit.statistics.online import by_power
    >>> addis = Addis(0.05, shares=by_power(1.6), start=0.025)
    >>> round(addis.level([]), 7), round(addis.level([Decided(2.9e-08, True)]), 7)
    (0.0027343, 0.0054686)
    """

    share: float
    shares: Shares
    start: float
    likely: float = 0.25
    discard: float = 0.5

    def level(self, earlier: Sequence[Decided]) -> float:
        """The level of the next test after the `earlier` ones, the oldest first."""
        kept = [0, *accumulate(int(test.p <= self.discard) for test in earlier)]
        likely = [0, *accumulate(int(test.p <= self.likely) for test in earlier)]
        begins = [0, *(at for at, test in enumerate(earlier, 1) if test.passed)]
        worth = [self.start, self.share - self.start, *[self.share] * len(begins)]

        def number(begin: int) -> int:
            return 1 + (kept[-1] - kept[begin]) - (likely[-1] - likely[begin])

        spent = (each * self.shares(number(begin)) for each, begin in zip(worth, begins, strict=False))
        return min(self.likely, (self.discard - self.likely) * math.fsum(spent))
