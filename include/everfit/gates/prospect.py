"""What is known of a judgement before there is a candidate, so that a gate can say that it could never pass one."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, isfinite, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from everfit.gates._claims import too_few_days
from everfit.gates.evidence import Evidence, Standing
from everfit.statistics.interval import LEVEL, POWER, estimate
from everfit.statistics.paired import compared_loss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.values import Verdict

HOPELESS = 0.1
"""A judgement that an equal candidate would pass less often than this is not worth a training."""

ALIKE = 0.99
"""How closely a candidate's daily losses go with the champion's, where that was not seen yet: as close as two models of
one algorithm on nearly the same data, so that nobody is refused who has a chance."""


@dataclass(frozen=True, eq=False)
class Prospect:
    """The holdout that a candidate would be judged on: its labels, and for each row a number that is equal for rows of
    one day. `champion` is the version that there is, `said` what gates said of earlier candidates against it on this
    very holdout, `alone` the evidence on which it was judged itself, if that is at hand; `standing` is where the
    judgement would stand."""

    task: str
    y: NDArray[np.float64]
    clusters: NDArray[np.int64]
    champion: int | None = None
    said: tuple[Verdict, ...] = ()
    alone: Evidence | None = None
    standing: Standing = field(default_factory=Standing)

    @property
    def rows(self) -> int:
        """How many labelled rows the holdout has."""
        return len(self.y)

    def narrowest(self, gate: str, bar: float) -> Verdict | None:
        """What the gate, with the same bar, told most exactly for the rows it had; None if it measured nothing yet."""
        return min(self._measured(gate, bar), key=lambda one: _error(one) * sqrt(one.n), default=None)

    def lead(self, gate: str, bar: float) -> float:
        """By how much the best earlier candidate was better than this champion, who is no younger by now; 0 if none."""
        return max((-(one.effect or 0.0) for one in self._measured(gate, bar)), default=0.0)

    def _measured(self, gate: str, bar: float) -> list[Verdict]:
        return [one for one in self.said if one.gate == gate and one.bar == bar and one.n and _error(one) > 0]


@dataclass(frozen=True)
class Foreseen:
    """The standard error that a comparison of `rows` rows had, or would have had, and how that is known."""

    error: float
    rows: int
    how: str

    def reach(self, rows: int, level: float) -> float:
        """How far the interval of that many rows reaches to either side: further with fewer, as the square root."""
        return NormalDist().inv_cdf(level) * self.error * sqrt(self.rows / rows)

    def detectable(self, rows: int, level: float) -> float:
        """The smallest margin that a candidate as good as the champion would pass four times in five."""
        return self.reach(rows, level) * (1 + NormalDist().inv_cdf(POWER) / NormalDist().inv_cdf(level))

    def rows_for(self, margin: float, level: float) -> int:
        """Rows with which such a candidate passes four times in five."""
        return ceil(self.rows * (self.detectable(self.rows, level) / margin) ** 2)


def foresee(prospect: Prospect, gate: str, bar: float, loss: str) -> Foreseen | None:
    """What is known of the interval before there is a candidate; None if nothing is.

    Best from earlier judgements against this champion by the same gate. Else from the champion's own losses when it was
    judged: with a spread `s` of their mean and a correlation `r` between two models' losses, the mean difference has
    the spread `s sqrt(2 (1 - r))`, and `r` is taken to be 0.99.
    """
    last = prospect.narrowest(gate, bar)
    if last is not None:
        level = last.level or LEVEL
        reached = NormalDist().inv_cdf(level) * _error(last)
        return Foreseen(_error(last), last.n, f"it was {reached:.2g} on {last.n:,}")
    own = prospect.alone
    if own is None or too_few_days(own.clusters):
        return None
    alone = estimate(compared_loss(loss, own.truth, own.candidate), own.clusters)
    if not (isfinite(alone.error) and alone.error > 0):
        return None
    how = (
        f"the champion's own loss was known to {alone.error:.2g} on {own.rows:,}, and the two are taken to go together"
    )
    return Foreseen(alone.error * sqrt(2 * (1 - ALIKE)), own.rows, f"{how} by {ALIKE}")


def too_small(prospect: Prospect, gate: str, margin: float, loss: str) -> str | None:
    """Why a candidate that is as good as the champion, or as much better as the best one so far was, would hardly ever
    be told to be within the margin.

    A champion ages: what was once better than it will be again, and is not refused. With an interval that reaches so
    far such a candidate passes with probability `Phi(z ((margin + lead) / reach - 1))`, where `z` is the quantile of
    the level and `lead` by how much it is better (Blackwelder, Controlled Clinical Trials 3 (1982) 345-353). Days are
    taken to be as alike as they were.
    """
    seen = foresee(prospect, gate, margin, loss)
    if seen is None or not prospect.rows:
        return None
    level = prospect.standing.level
    reach = seen.reach(prospect.rows, level)
    lead = max(0.0, prospect.lead(gate, margin))
    chance = chance_of_equal(margin + lead, reach, level)
    if chance >= HOPELESS:
        return None
    good = f"by {lead:.2g} better than the champion, as the best one so far was," if lead else "as good as the champion"
    return (
        f"this holdout cannot detect your margin. It is {margin:g}, and on {prospect.rows:,} rows the interval would "
        f"reach about {reach:.2g} to either side ({seen.how}), so even a candidate {good} would pass in "
        f"{100 * chance:.0f} of 100 cases; wanted about {seen.rows_for(margin, level):,} rows (window.holdout), or "
        f"a margin of {seen.detectable(prospect.rows, level):.2g}"
    )


def chance_of_equal(margin: float, reach: float, level: float = LEVEL) -> float:
    """How often a candidate that is as good as the champion passes, if the interval reaches so far to either side.

    >>> chance_of_equal(0.01, 0.01), round(chance_of_equal(0.0, 0.01), 3)
    (0.5, 0.05)
    """
    normal = NormalDist()
    return normal.cdf(normal.inv_cdf(level) * (margin / reach - 1))


def _error(verdict: Verdict) -> float:
    """The standard error of what was told, as the normal distribution has it."""
    if verdict.low is None or verdict.high is None:
        return 0.0
    return (verdict.high - verdict.low) / 2 / NormalDist().inv_cdf(verdict.level or LEVEL)
