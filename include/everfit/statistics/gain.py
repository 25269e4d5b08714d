"""What another training run of a model can be expected to be worth, from how the ones before it went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

ONE_SIDED_95 = NormalDist().inv_cdf(0.95)
"""The ends of an interval lie so many standard errors from its middle, as everfit's intervals are made."""


@dataclass(frozen=True)
class Retrain:
    """How much a candidate was better than its champion, and the one-sided 95 % bounds of that; in any one unit."""

    better: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """The standard error that the bounds speak of; 0 if they say nothing."""
        return (self.high - self.low) / (2 * ONE_SIDED_95)


def chance_of_help(retrains: Sequence[Retrain]) -> float:
    """How probable it is that retraining this model makes it better on average: 1/2 if nothing is known.

    Each retrain's gain counts by its precision, and their mean is drawn to 0 by one more of average precision that
    gained nothing: the posterior of a normal mean under a unit-information prior (Kass and Wasserman 1995, JASA 90,
    928-934; the shrinkage itself is Efron and Morris 1975, JASA 70, 311-319). One lucky retrain with a wide interval
    therefore says little. The unit of the gains does not matter, so models with different losses can be compared.

    >>> chance_of_help([])
    0.5
    >>> round(chance_of_help([Retrain(0.02, 0.01, 0.03)]), 2), round(chance_of_help([Retrain(0.02, -0.03, 0.07)]), 2)
    (0.99, 0.68)
    """
    known = [retrain for retrain in retrains if _says_something(retrain)]
    if not known:
        return 0.5
    unit = min(retrain.error for retrain in known)
    weights = [(unit / retrain.error) ** 2 for retrain in known]
    total = math.fsum(weight * (retrain.better / unit) for weight, retrain in zip(weights, known, strict=True))
    return NormalDist().cdf(total / math.sqrt(math.fsum(weights) + fmean(weights)))


def need(fresh: float, age: float) -> float:
    """How much of what a new model would know the champion does not: 0 (nothing) to 1 (there is no champion).

    `fresh` is the share of the rows to learn from that the champion has not learned from. `age` is the champion's age
    in periods of its schedule: it forgets half of what it can lose in each. The two are taken as independent reasons
    (a noisy or: Pearl 1988, Probabilistic Reasoning in Intelligent Systems, section 4.3.2).

    >>> need(0.25, 0), need(0, 1), need(0.25, 1)
    (0.25, 0.5, 0.625)
    """
    stale = 1 - math.pow(0.5, max(age, 0.0))
    return 1 - (1 - fresh) * (1 - stale)


def expected_gain(fresh: float, age: float, helps: float, importance: float = 1.0) -> float:
    """What a training run is worth, from 0 to 1: the need for it, times the chance that it helps.

    `importance` is as if so many equal models would gain from the run at once: 2 makes 0.4 to 0.64.

    >>> expected_gain(0.25, 1, 0.64), round(expected_gain(0.25, 1, 0.64, importance=2), 2)
    (0.4, 0.64)
    """
    return 1 - math.pow(1 - need(fresh, age) * helps, importance)


def _says_something(retrain: Retrain) -> bool:
    return all(map(math.isfinite, (retrain.better, retrain.low, retrain.high))) and retrain.error > 0
