"""How a policy did, and how several did beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.cost import Use
from everfit.errors import DataError

if TYPE_CHECKING:
    from everfit.cost import Prices


@dataclass(frozen=True)
class Day:
    """The rows of one day (counted from 1970) that a champion answered: how many, and the sum of their losses."""

    day: int
    rows: int
    loss: float


@dataclass(frozen=True)
class Retrain:
    """A training run: when it began and because of what, what it took, and what became of it.

    `outcome` is `promoted`, `kept back` or `failed`; `reason` is the judgement's, or the error.
    """

    at: datetime
    run: str
    why: str
    because: tuple[str, ...]
    took: Mapping[str, Use]
    outcome: str
    reason: str


@dataclass(frozen=True)
class Hindsight:
    """The loss of a version less that of the champion that it replaced, on all rows between its promotion and the next
    one; an interval whose ends are one-sided 95 % bounds, by day."""

    effect: float
    low: float
    high: float
    rows: int
    days: int


@dataclass(frozen=True)
class Promotion:
    """A version that became the champion; `hindsight` is None for the first one, and where there were too few days."""

    at: datetime
    version: int
    previous: int | None
    hindsight: Hindsight | None

    @property
    def bad(self) -> bool:
        """Whether it was surely worse than what it replaced would have been."""
        return self.hindsight is not None and self.hindsight.low > 0


@dataclass(frozen=True)
class Outcome:
    """What came of one policy."""

    policy: str
    loss: str
    days: tuple[Day, ...]
    retrains: tuple[Retrain, ...]
    promotions: tuple[Promotion, ...]
    accepted: int
    refused: int

    @property
    def bad(self) -> int:
        """How many promotions were bad, in hindsight."""
        return sum(one.bad for one in self.promotions)

    @property
    def seconds(self) -> float:
        """The CPU seconds that its training runs took, from the features to the evaluation."""
        return sum(use.cpu_seconds for one in self.retrains for use in one.took.values())

    def money(self, prices: Prices) -> float | None:
        """What they cost by a price list; None where a GPU has no price."""
        costs = [prices.cost(use) for one in self.retrains for use in one.took.values()]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


@dataclass(frozen=True)
class Compared:
    """A policy beside the others, on the days on which all of them had a champion.

    `regret` is its mean loss less that of the best of them, `low` and `high` are its interval (as in `Hindsight`).
    `efficient`: no other policy is at least as good for less, or better for no more.
    """

    outcome: Outcome
    mean: float
    regret: float
    low: float
    high: float
    efficient: bool


def compare(outcomes: Sequence[Outcome]) -> tuple[Compared, ...]:
    """Hold the policies against each other. Errors: `DataError` if they never all had a champion on one day.

    >>> cheap = Outcome("never", "log_loss", (Day(0, 2, 1.0), Day(1, 2, 1.2)), (), (), 2, 0)
    >>> [(one.mean, one.efficient) for one in compare([cheap])]
    [(0.55, True)]
    """
    shared = frozenset.intersection(*(frozenset(day.day for day in one.days) for one in outcomes))
    if not shared:
        last = next((run.reason for one in outcomes for run in reversed(one.retrains) if not one.days), "none was made")
        raise DataError(f"no day on which each policy had a champion, so there is nothing to compare; {last}")
    means = [_mean(one, shared) for one in outcomes]
    best = outcomes[min(range(len(outcomes)), key=lambda place: (means[place], outcomes[place].seconds))]
    points = [(mean, one.seconds) for mean, one in zip(means, outcomes, strict=True)]
    return tuple(
        Compared(one, mean, *_regret(one, best, shared), efficient=not any(_beats(other, point) for other in points))
        for one, mean, point in zip(outcomes, means, points, strict=True)
    )


def _mean(outcome: Outcome, days: frozenset[int]) -> float:
    some = [day for day in outcome.days if day.day in days]
    return sum(day.loss for day in some) / max(1, sum(day.rows for day in some))


def _regret(outcome: Outcome, best: Outcome, days: frozenset[int]) -> tuple[float, float, float]:
    import numpy as np

    from everfit.statistics.interval import Measured, estimate

    mine, theirs = ({day.day: day for day in one.days if day.day in days} for one in (outcome, best))
    if outcome is best or len(days) < 2:  # noqa: PLR2004 - a spread needs two
        return 0.0, 0.0, 0.0
    order = sorted(days)
    rows = np.array([mine[day].rows for day in order])
    far = np.array([mine[day].loss - theirs[day].loss for day in order])
    value = float(far.sum() / rows.sum())
    influence = (far - value * rows) / rows.sum() / rows
    found = estimate(Measured(value, np.repeat(influence, rows)), np.repeat(np.array(order), rows))
    return found.value, found.low, found.high


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(mine <= theirs for mine, theirs in zip(one, other, strict=True)) and one != other
