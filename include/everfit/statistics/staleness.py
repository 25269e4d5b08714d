"""How fast models of one kind get stale: their loss against their age, from sums that merge and fade."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

FEWEST = 3
"""With fewer losses nobody knows a level, a slope and a noise."""


@dataclass(frozen=True)
class Line:
    """The loss of a model of age `a` is `fresh + slope * a`, give or take `noise` at each step.

    `error` is the standard error of the slope. The slope is never below 0: models do not ripen.
    """

    fresh: float
    slope: float
    error: float
    noise: float

    def at(self, age: float) -> float:
        """What is lost at that age beyond a fresh model."""
        return self.slope * age


@dataclass(frozen=True)
class Aging:
    """Losses seen at some ages, as the sums that a regression takes: constant in size, however long one watches.

    >>> seen = Aging().seen(0, 10.0).seen(1, 11.0).merged(Aging().seen(2, 12.0).seen(3, 13.0))
    >>> line = seen.line()
    >>> round(line.fresh, 6), round(line.slope, 6)
    (10.0, 1.0)
    """

    steps: float = 0.0
    ages: float = 0.0
    squares: float = 0.0
    losses: float = 0.0
    products: float = 0.0
    losses_squared: float = 0.0

    def seen(self, age: float, loss: float) -> Aging:
        """With one more loss, of a model of that age."""
        return self.merged(Aging(1.0, age, age * age, loss, age * loss, loss * loss))

    def merged(self, other: Aging) -> Aging:
        """The losses of both."""
        return Aging(*(one + more for one, more in zip(_sums(self), _sums(other), strict=True)))

    def faded(self, by: float) -> Aging:
        """The same, as if only that share of it had been seen: what is long ago counts less."""
        return Aging(*(by * one for one in _sums(self)))

    def line(self, widest: float = inf) -> Line | None:
        """The line through the losses, None as long as there are too few.

        Slopes are held to be about 0, give or take `widest` (a normal prior, so a ridge): with three losses and much
        noise the steepest lines are noise. Least squares, with the noise taken from the residuals.

        Source: Hoerl and Kennard, Technometrics 12 (1970) 55-67.
        """
        if self.steps < FEWEST:
            return None
        spread = self.squares - self.ages**2 / self.steps
        together = self.products - self.ages * self.losses / self.steps
        ridge, noise = 0.0, 0.0
        fresh = slope = 0.0
        for _ in range(2):  # the noise is known once there is a line, and the ridge once there is a noise
            slope = max(together / (spread + ridge), 0.0) if spread + ridge > 0 else 0.0
            fresh = (self.losses - slope * self.ages) / self.steps
            noise = sqrt(max(self._off(fresh, slope), 0.0) / max(self.steps - 2, 0.5))
            ridge = (noise / widest) ** 2
        error = noise / sqrt(spread + ridge) if spread + ridge > 0 else inf
        return Line(fresh, slope, error, noise)

    def _off(self, fresh: float, slope: float) -> float:
        """The sum of squared residuals."""
        return (
            self.losses_squared
            - 2 * fresh * self.losses
            - 2 * slope * self.products
            + fresh**2 * self.steps
            + 2 * fresh * slope * self.ages
            + slope**2 * self.squares
        )


def best_interval(slope: float, cost: float) -> float:
    """After how many steps to retrain, if a model loses `slope` more with each: the square root of `2 * cost / slope`.

    The economic order quantity (Harris 1913): at the best interval what staleness costs equals what retraining costs.
    `cost` is in units of loss times steps; see `in_loss`. Infinite where nothing gets stale.

    >>> best_interval(1.0, 50.0), best_interval(0.0, 50.0)
    (10.0, inf)
    """
    return sqrt(2 * cost / slope) if slope > 0 else inf


def in_loss(cost: float, per_loss: float, rows: float) -> float:
    """The cost of a training run in units of mean loss times steps.

    `cost` in any currency (money, seconds), `per_loss` what one unit of loss on one row costs in it, `rows` how many
    rows a model answers per step.

    >>> in_loss(20.0, per_loss=0.5, rows=1000)
    0.04
    """
    if per_loss <= 0 or rows <= 0:
        raise ValueError(f"found a price of {per_loss} per loss and {rows} rows per step, both have to be above 0")
    return cost / (per_loss * rows)


def _sums(one: Aging) -> tuple[float, ...]:
    return one.steps, one.ages, one.squares, one.losses, one.products, one.losses_squared
