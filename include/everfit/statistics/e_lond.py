"""e-LOND: an online procedure for tests that may depend on each other in any way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from everfit.statistics.online import Decided, Shares

AIM = 3.0
"""The effect, in standard errors, at which e-values are made to be largest: about what a weekly budget asks for."""


@dataclass(frozen=True)
class ELond:
    """e-LOND: levels based on the number of discoveries, for e-values; at most `share` of what passes is wrong.

    It holds whatever the tests have to do with each other, since an e-value is 1 on average if nothing is there, and
    asks for stronger evidence in return. An e-value is made of the p-value, as the likelihood ratio of an effect of
    `aim` standard errors, so that a level for e-values is one for p-values too.

    Source: Xu and Ramdas, AISTATS 2024 (arXiv 2311.06412); calibrators: Vovk and Wang, Annals of Statistics
    49 (2021) 1736-1754, section 2.

    >>> from everfit.statistics.online import over
    >>> e_lond = ELond(0.1, over(52))
    >>> round(e_lond.bar([]), 1), round(e_lond.level([]), 6)
    (130.3, 0.000894)
    """

    share: float
    shares: Shares
    aim: float = AIM

    def bar(self, earlier: Sequence[Decided]) -> float:
        """The e-value that the next test must reach."""
        share = self.share * self.shares(len(earlier) + 1) * (1 + sum(test.passed for test in earlier))
        return 1 / share if share else math.inf

    def level(self, earlier: Sequence[Decided]) -> float:
        """The p-value whose e-value is just enough."""
        bar = self.bar(earlier)
        return 0.0 if math.isinf(bar) else NormalDist().cdf(-(math.log(bar) / self.aim + self.aim / 2))


def e_value(p: float, aim: float = AIM) -> float:
    """The evidence in a p-value, as a bet on an effect of `aim` standard errors: at most 1 on average if there is none.

    >>> round(e_value(0.5), 3), round(e_value(0.001), 1)
    (0.011, 118.0)
    """
    if p <= 0 or p >= 1:
        return math.inf if p <= 0 else 0.0
    return math.exp(-NormalDist().inv_cdf(p) * aim - aim**2 / 2)
