"""What a new model gains over the one it is held against: by being younger, and by having more rows to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import NormalDist, median
from typing import TYPE_CHECKING

from everfit.statistics.learning_curve import POWERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FADES = 0.7
"""With each newer comparison the ones before count so much less: a staleness that changed is believed after three."""

SHARPEST = 1e-3
"""No gain is taken to be known better than to this share of the greatest one, whatever its interval says."""

LEVEL = 0.95


@dataclass(frozen=True)
class Renewal:
    """A new model beside an older one, on the same rows.

    The new one knows `age` batches that the old one does not. The old one learnt from `before` rows, the new one from
    `now`. Its mean loss is less by `better`, with a standard error.
    """

    age: float
    before: float
    now: float
    better: float
    error: float

    @classmethod
    def of(
        cls, age: float, rows: tuple[float, float], effect: float, ends: tuple[float, float], level: float | None
    ) -> Renewal | None:
        """From a gate's `effect`, the new loss less the old, and the `ends` of its interval, each sure to `level`.

        None if nothing follows from it: a model that is no newer, or an interval without ends.

        >>> Renewal.of(2, (100, 100), -0.1, (-0.1, -0.1), 0.95)
        Renewal(age=2, before=100, now=100, better=0.1, error=0.0)
        """
        if age <= 0 or not all(map(isfinite, (effect, *ends))) or min(rows) <= 0:
            return None
        return cls(age, *rows, -effect, (ends[1] - ends[0]) / (2 * NormalDist().inv_cdf(level or LEVEL)))


@dataclass(frozen=True, eq=False)
class Gains:
    """Lines `slope * age + scale * (before ** -power - now ** -power)`, one per power, and how probable each is.

    `means` has slope and scale of each, `spreads` the covariance of the two.
    """

    means: Array
    spreads: Array
    chances: Array

    def at(self, age: float, before: float, now: float) -> tuple[float, float]:
        """What a new model gains on a row on average over one that is so much older, and the standard error of it."""
        import numpy as np

        where = _inputs(np.array([age]), np.array([before]), np.array([now]))[:, 0]
        each = np.sum(self.means * where, axis=1)
        mean = float(self.chances @ each)
        own = np.einsum("pi,pij,pj->p", where, self.spreads, where)
        return mean, float(np.sqrt(self.chances @ ((each - mean) ** 2 + own)))


def gains(shown: Sequence[Renewal], widest: float, weights: Sequence[float] | None = None) -> Gains | None:
    """Learn from earlier retrains, the oldest first, what another one gains; None if there was none.

    What is compared is a difference on the same rows, in which what makes a month hard for any model cancels. It holds
    both reasons for a new model: the old one is `age` batches older, and knows fewer rows. For each power of a learning
    curve the two are linear and solved at once, neither below 0; the powers are averaged by their likelihood. Which of
    the two it is may remain open, in a window that only grows; their sum is known all the same.

    Both are held to be about 0, so that one batch is worth 0 give or take `widest` (a normal prior, so a ridge).
    Comparisons that agree less than their intervals say make all of them less sure (Birge's ratio). `weights` are by
    default those that fade. Shapes: see `Gains`; the losses' unit is that of the comparisons.

    Sources: Viering and Loog, The shape of learning curves, IEEE TPAMI 45 (2023) 7799-7819; Hoerl and Kennard,
    Technometrics 12 (1970) 55-67; Birge, Physical Review 40 (1932) 207-227; Hoeting et al., Bayesian model averaging,
    Statistical Science 14 (1999) 382-417.

    >>> found = gains([Renewal(2, 900, 900, 0.02, 0.001), Renewal(4, 900, 900, 0.04, 0.001)], widest=1.0)
    >>> mean, error = found.at(10, 900, 900)
    >>> round(mean, 3), round(error, 3)
    (0.1, 0.003)
    """
    import numpy as np

    if not shown:
        return None
    better = np.array([one.better for one in shown])
    ages = np.array([one.age for one in shown])
    before, now = np.array([one.before for one in shown]), np.array([one.now for one in shown])
    counts = FADES ** np.arange(len(shown))[::-1] if weights is None else np.asarray(weights, dtype=float)
    errors = np.hypot([one.error for one in shown], max(SHARPEST * float(np.abs(better).max()), SHARPEST * widest))
    sure = counts / errors**2
    x = _inputs(ages, before, now)
    grown = median((one.now - one.before) / one.age for one in shown)
    usual = median(one.now for one in shown)
    one_batch = np.abs(_inputs(np.ones(1), np.array([usual]), np.array([usual + abs(grown)]))[:, 0])
    prior = (one_batch / widest) ** 2
    prior[one_batch == 0] = 1.0  # the window slides: nothing was seen of more rows, and nothing is said
    moment = np.einsum("pni,n,pnj->pij", x, sure, x) + np.einsum("pi,ij->pij", prior, np.eye(2))
    toward = np.einsum("pni,n,n->pi", x, sure, better)
    means = _above_zero(moment, toward)
    off = better - np.einsum("pni,pi->pn", x, means)
    squares = np.sum(sure * off**2, axis=1) + np.sum(prior * means**2, axis=1)
    freedom = max(float(counts.sum()) - 1, 0.5)
    ratio = np.maximum(np.sum(sure * off**2, axis=1) / freedom, 1.0)
    chances = np.exp(-(squares - squares.min()) / (2 * ratio.min()))
    spreads = np.linalg.inv(moment) * ratio[:, None, None]
    return Gains(means, spreads, chances / chances.sum())


def _inputs(ages: Array, before: Array, now: Array) -> Array:
    """Age, and by how much a curve of each power falls from so many rows to so many: power, comparison, which."""
    import numpy as np

    powers = np.array(POWERS)[:, None]
    falls = before[None] ** -powers - now[None] ** -powers
    return np.stack([np.broadcast_to(ages, falls.shape), falls], axis=-1)


def _above_zero(moment: Array, toward: Array) -> Array:
    """The best slope and scale of each power with neither below 0: of both, one alone and none."""
    import numpy as np

    both = np.linalg.solve(moment, toward[..., None])[..., 0]
    alone = np.maximum(toward / np.einsum("pii->pi", moment), 0.0)
    one = np.argmax(alone * toward, axis=1)  # how much each alone lowers the sum of squares
    edge = np.where(np.arange(2)[None] == one[:, None], alone, 0.0)
    return np.where(both.min(axis=1, keepdims=True) >= 0, both, edge)
