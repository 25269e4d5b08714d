"""What is known of a judgement before there is a candidate, so that a gate can say that it could never pass one."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.values import Verdict

LEVEL = 0.95
"""The confidence at which gates decide."""

HOPELESS = 0.1
"""A judgement that an equal candidate would pass less often than this is not worth a training."""

GOOD = 0.8
"""How often it should pass: the usual aim when a sample is planned."""


@dataclass(frozen=True, eq=False)
class Prospect:
    """The holdout that a candidate would be judged on: its labels, and for each row a number that is equal for rows of
    one day. `champion` is the version that there is, `said` what gates said of earlier candidates against it."""

    task: str
    y: NDArray[np.float64]
    clusters: NDArray[np.int64]
    champion: int | None = None
    said: tuple[Verdict, ...] = ()

    @property
    def rows(self) -> int:
        """How many labelled rows the holdout has."""
        return len(self.y)

    def narrowest(self, gate: str, bar: float) -> Verdict | None:
        """What the gate, with the same bar, told most exactly for the rows it had; None if it measured nothing yet."""
        measured = [one for one in self.said if one.gate == gate and one.bar == bar and one.n and _reach(one) > 0]
        return min(measured, key=lambda one: _reach(one) * sqrt(one.n), default=None)


def too_small(prospect: Prospect, gate: str, margin: float) -> str | None:
    """Why a candidate that is exactly as good as the champion would hardly ever be told to be within the margin.

    Earlier judgements against this champion say how far the interval reached on so many rows; with fewer rows it
    reaches further, as the square root. An equal candidate then passes with probability `Phi(z (margin / reach - 1))`,
    where `z` is the 95 % quantile (Blackwelder, Controlled Clinical Trials 3 (1982) 345-353). Days are taken to be as
    alike as they were.
    """
    last = prospect.narrowest(gate, margin)
    if last is None or not prospect.rows:
        return None
    reach = _reach(last) * sqrt(last.n / prospect.rows)
    chance = chance_of_equal(margin, reach)
    if chance >= HOPELESS:
        return None
    return (
        f"the margin is {margin:g}, and on {prospect.rows:,} rows the interval would reach about {reach:.2g} to either "
        f"side (it was {_reach(last):.2g} on {last.n:,}), so even a candidate as good as the champion would pass in "
        f"{100 * chance:.0f} of 100 cases; wanted about {rows_for(margin, last):,} rows (window.holdout), or a wider "
        "margin"
    )


def chance_of_equal(margin: float, reach: float) -> float:
    """How often a candidate that is as good as the champion passes, if the interval reaches so far to either side.

    >>> chance_of_equal(0.01, 0.01), round(chance_of_equal(0.0, 0.01), 3)
    (0.5, 0.05)
    """
    normal = NormalDist()
    return normal.cdf(normal.inv_cdf(LEVEL) * (margin / reach - 1))


def rows_for(margin: float, last: Verdict) -> int:
    """Rows with which an equal candidate passes four times in five."""
    normal = NormalDist()
    reach = margin / (1 + normal.inv_cdf(GOOD) / normal.inv_cdf(LEVEL))
    return ceil(last.n * (_reach(last) / reach) ** 2)


def _reach(verdict: Verdict) -> float:
    return 0.0 if verdict.low is None or verdict.high is None else (verdict.high - verdict.low) / 2
