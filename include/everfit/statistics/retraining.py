"""Is retraining worth it now? A policy that watches losses, and what the best one would have cost in hindsight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from everfit.statistics.staleness import Aging, Line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FADES = 0.5
"""With each retrain what earlier champions showed counts half: a slope that changed is believed after two or three."""

MANY = 5
"""From so many losses of earlier champions on, the noise is taken from them, if it is less."""

SURE = NormalDist().inv_cdf(0.9)
"""That there is staleness at all has to be sure to 90 %, one-sided."""


@dataclass(frozen=True)
class Owed:
    """What keeping the champion has cost since it was trained, against a fresh one; in loss times steps.

    `half` is half of what the coming step will add. `sure` says whether more than noise is seen.
    """

    value: float
    half: float
    cost: float
    sure: bool

    @property
    def due(self) -> bool:
        """Whether to retrain before the next step."""
        return self.sure and self.value + self.half >= self.cost


@dataclass(frozen=True)
class Watch:
    """One champion after another is watched, a mean loss per step; ask `owed` after each.

    Retrain when what staleness has cost since the last time reaches what retraining costs: the rule of rent or buy.
    While it loses that much from a fresh start, any plan either retrains too or has an older model and loses no less,
    so it costs at most about twice the best plan, as long as older models are never better and losses are seen without
    noise (Karlin et al., Algorithmica 3 (1988) 79-119). Where losses rise steadily it is the best plan itself, in which
    both costs are equal (Harris 1913, the economic order quantity); half of the coming step counts, since steps are not
    continuous. Cara (Mahadevan and Mathioudakis, Knowledge-Based Systems 293 (2024), arXiv 2310.04216) has a threshold
    on the same sum and learns it from the past; here nothing has to be learnt first. That a decision waits for what is
    uncertain is the idea of UPF (Regol et al., ICML 2025): the sum is of noise too, so it counts once there is
    staleness at 90 %, by the slope of the losses or by their sum.

    What a fresh model would lose is the intercept of a line through the losses of this champion and, fading, of those
    before. `cost` is in loss times steps (see `staleness.in_loss`). The state is of constant size.

    >>> watch = Watch(cost=50.0)
    >>> for age in range(10):
    ...     watch = watch.step(10.0 + age)
    ...     if watch.owed().due:
    ...         print("retrain after", age + 1, "steps:", watch.owed().value)
    retrain after 10 steps: 45.0
    """

    cost: float
    past: Aging = field(default_factory=Aging)
    now: Aging = field(default_factory=Aging)
    more: float = 0.0

    def step(self, loss: float, more: float = 0.0) -> Watch:
        """With the loss of one more step; `more` is what a fresh model would gain besides, by having more rows."""
        return replace(self, now=self.now.seen(self.now.steps, loss), more=self.more + more)

    def retrained(self) -> Watch:
        """With a new champion, of age 0."""
        return Watch(self.cost, self.past.merged(self.now).faded(FADES))

    def line(self) -> Line | None:
        """How loss depends on age, by all that has been seen."""
        return self.past.merged(self.now).line(widest=self.cost / 4)

    def owed(self) -> Owed:
        """What has been lost to staleness so far."""
        line, steps = self.line(), self.now.steps
        if line is None or not steps:
            return Owed(self.more, 0.0, self.cost, sure=self.more > 0)
        stale = self.now.losses - steps * line.fresh
        seen = self.past.steps + steps
        before = self.past.line(widest=self.cost / 4)  # a jump that is seen now is no noise
        noise = min(line.noise, before.noise) if before and self.past.steps >= MANY else line.noise
        chance = noise * sqrt(steps * (1 + steps / seen))
        sure = line.slope > SURE * line.error or stale > 1.5 * SURE * chance or self.more >= self.cost
        more = self.more / steps
        return Owed(stale + self.more, (line.at(steps) + more) / 2, self.cost, sure)


@dataclass(frozen=True)
class Worth:
    """What retraining now saves over the next steps, before it is paid: in loss times steps."""

    saves: float
    error: float
    cost: float

    @property
    def net(self) -> float:
        """What is left of it."""
        return self.saves - self.cost

    @property
    def chance(self) -> float:
        """How probable it is that it saves more than it costs."""
        if not self.error:
            return float(self.net > 0)
        return NormalDist().cdf(self.net / self.error)


def worth_retraining(
    line: Line, age: float, cost: float, ahead: float, gain: tuple[float, float] = (0.0, 0.0)
) -> Worth:
    """What a new champion would save over the next `ahead` steps against one of this age.

    On a line the old one is ahead of the new one by `slope * age` at every step. `gain` is what more rows bring per
    step, with its error (`learning_curve.LearningCurve.gain`).

    >>> worth_retraining(Line(10.0, 1.0, 0.1, 1.0), age=10, cost=50, ahead=10).net
    50.0
    """
    saves = (line.at(age) + gain[0]) * ahead
    return Worth(saves, ahead * sqrt((line.error * age) ** 2 + gain[1] ** 2), cost)


@dataclass(frozen=True)
class Plan:
    """Before which steps to retrain, and what it costs in all: staleness and retrains."""

    retrains: tuple[int, ...]
    cost: float


def hindsight(stale: Array, cost: float) -> Plan:
    """The best plan, known afterwards: of all plans the one whose staleness and retrains cost least.

    `stale[i, j]` is what a model trained before step `i` loses in step `j >= i` beyond a fresh one. There is a fresh
    model at step 0. Dynamic programming over the last retrain, as Cara's oracle.

    Source: Mahadevan and Mathioudakis, Cost-aware retraining for machine learning, Knowledge-Based Systems 293 (2024).

    >>> plan = hindsight(by_age(lambda age: age, 200), 50.0)
    >>> plan.cost, plan.retrains[:3], len(plan.retrains)
    (1850.0, (10, 20, 30), 19)
    """
    import numpy as np

    steps = len(stale)
    upto = np.concatenate([np.zeros((steps, 1)), np.cumsum(np.triu(stale), axis=1)], axis=1)
    best, last = np.full(steps + 1, inf), np.zeros(steps + 1, dtype=np.int64)
    best[0] = 0.0
    for end in range(1, steps + 1):
        starts = np.arange(end)
        costs = best[:end] + upto[starts, end] + np.where(starts > 0, cost, 0.0)
        last[end] = costs.argmin()
        best[end] = costs[last[end]]
    retrains, end = [], steps
    while end > 0:
        end = int(last[end])
        retrains.append(end)
    return Plan(tuple(sorted(start for start in retrains if start > 0)), float(best[steps]))


def played(stale: Array, retrains: Sequence[int], cost: float) -> Plan:
    """What a plan that was followed cost; `stale` as for `hindsight`.

    >>> every = lambda steps: played(by_age(lambda age: age, 200), range(steps, 200, steps), 50.0).cost
    >>> every(10), every(7), every(20), every(1)
    (1850.0, 1994.0, 2350.0, 9950.0)
    """
    starts = sorted({0, *retrains})
    ends = [*starts[1:], len(stale)]
    lost = sum(float(stale[start, start:end].sum()) for start, end in zip(starts, ends, strict=True))
    return Plan(tuple(starts[1:]), lost + cost * (len(starts) - 1))


@dataclass(frozen=True)
class Regret:
    """A plan that was followed beside the best one."""

    plan: Plan
    best: Plan

    @property
    def value(self) -> float:
        """What following it cost more than the best plan."""
        return self.plan.cost - self.best.cost

    @property
    def ratio(self) -> float:
        """How many times as much as the best plan it cost; 1 if both cost nothing."""
        if self.best.cost:
            return self.plan.cost / self.best.cost
        return inf if self.plan.cost else 1.0


def regret(stale: Array, retrains: Sequence[int], cost: float) -> Regret:
    """Hold what was done against the best that could have been done."""
    return Regret(played(stale, retrains, cost), hindsight(stale, cost))


def by_age(curve: Callable[[float], float], steps: int) -> Array:
    """What is lost in each step by a model trained before each, where that depends on its age alone."""
    import numpy as np

    lost = np.array([curve(age) for age in range(steps)], dtype=np.float64)
    ages = np.arange(steps)[None] - np.arange(steps)[:, None]
    return np.where(ages >= 0, lost[np.maximum(ages, 0)], 0.0)
