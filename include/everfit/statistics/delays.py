"""How long labels take: the share that has come by each age, from what had come by now.

Time is in whole periods (days, hours): a label's delay is the period it came in less the period of its row, and at
`now` all that came up to and in that period is known. So a row of age `a` shows every delay up to `a`, and no other.

Three laws of delay, for what one knows of the rows whose label is missing. Each holds if rows of all ages have the same
one: a source of labels that has become slower looks like fewer labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

CLOSEST = 1e-9

_EARLIER = 1
"""A label more that came earlier: where only one is old enough to come late, it must not say that all come late."""


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Rows of each period, and how many of their labels came so many periods later: the reporting triangle.

    `days` in order, shape `(D,)`; `rows` of each, labelled or not, `(D,)`; `came`, `(D, K)`: labels by delay from 0.
    Where only some labels count (the positives, those of one stratum), `came` has those. Rows are counted once, so
    parts of the data can be counted for themselves and `merged`.

    >>> import numpy as np
    >>> one = Arrivals.of(np.array([1, 1, 2]), np.array([0, 2, -1]))  # -1: none so far
    >>> two = one.merged(Arrivals.of(np.array([2, 4]), np.array([1, -1])))
    >>> two.days.tolist(), two.rows.tolist(), two.came.tolist()
    ([1, 2, 4], [2, 2, 1], [[1, 0, 1], [0, 1, 0], [0, 0, 0]])
    >>> two.known(2).came.tolist()  # what was known on day 2
    [[1, 0], [0, 0]]
    """

    days: Whole
    rows: Whole
    came: Whole

    @classmethod
    def of(cls, day: Whole, delay: Whole) -> Arrivals:
        """From the period of each row, and the delay of its label: negative where none has come."""
        import numpy as np

        days, codes = np.unique(day, return_inverse=True)
        longest = int(delay.max(initial=0)) + 1
        there = delay >= 0
        place = codes[there] * longest + delay[there]
        came = np.bincount(place, minlength=len(days) * longest).reshape(len(days), longest)
        return cls(days, np.bincount(codes, minlength=len(days)), came)

    def merged(self, other: Arrivals) -> Arrivals:
        """These rows and the others, which are different ones."""
        import numpy as np

        days = np.union1d(self.days, other.days)
        rows = np.zeros(len(days), dtype=np.int64)
        came = np.zeros((len(days), max(self.came.shape[1], other.came.shape[1])), dtype=np.int64)
        for part in (self, other):
            at = np.searchsorted(days, part.days)
            rows[at] += part.rows
            came[at, : part.came.shape[1]] += part.came
        return Arrivals(days, rows, came)

    def known(self, now: int) -> Arrivals:
        """What was known in the period `now`: delays of all ages up to that of the oldest row, and none beyond."""
        import numpy as np

        old = self.days <= now
        if not old.any():
            raise ValueError(f"no rows up to {now}: the first are of {self.days.min(initial=now + 1)}")
        ages = now - self.days[old]
        delays = np.arange(int(ages.max()) + 1)
        came = np.zeros((len(ages), len(delays)), dtype=np.int64)
        width = min(self.came.shape[1], len(delays))
        came[:, :width] = self.came[old][:, :width]
        return Arrivals(self.days[old], self.rows[old], np.where(delays <= ages[:, None], came, 0))

    def since(self, day: int) -> Arrivals:
        """Without the rows before: what is kept must not grow with history."""
        late = self.days >= day
        return Arrivals(self.days[late], self.rows[late], self.came[late])


@dataclass(frozen=True, eq=False)
class Maturity:
    """The share of labels that has come by each age, `(K,)` from age 0, and how much each day moves it, `(D, K)`."""

    days: Whole
    share: Array
    moved: Array

    def at(self, ages: Whole) -> Array:
        """The share that has come by these ages; beyond the greatest known one it does not grow."""
        import numpy as np

        return np.asarray(self.share[np.minimum(ages, len(self.share) - 1)])


def censored(arrivals: Arrivals, now: int) -> Maturity:
    """Kaplan-Meier's: for rows that are all known, those without a label too; they are censored by `now`.

    If every row gets a label some day, it is the law of delays. If only some do (positives are told, negatives never
    are) it rises to the share that is told by the greatest age, and not to 1.

    Sources: Kaplan and Meier, J. American Statistical Association 53 (1958) 457-481; Maller and Zhou, Biometrika 79
    (1992) 731-739 (what it rises to where not all have an event).

    >>> import numpy as np
    >>> law = censored(Arrivals(np.array([0, 1]), np.array([10, 10]), np.array([[5, 2], [5, 0]])), now=1)
    >>> law.share.round(6).tolist()  # half at once, then two of the five that were watched
    [0.5, 0.7]
    """
    import numpy as np

    known = arrivals.known(now)
    seen = np.arange(known.came.shape[1]) <= now - known.days[:, None]
    waiting = np.where(seen, known.rows[:, None] - np.cumsum(known.came, axis=1) + known.came, 0)
    hazard, moved = _ratio(known.came, waiting)
    lasting = np.cumprod(1 - hazard)
    steps = np.cumsum(moved / np.maximum(1 - hazard, CLOSEST), axis=1)
    return Maturity(known.days, np.asarray(1 - lasting), np.asarray(lasting * steps))


def truncated(arrivals: Arrivals, now: int) -> Maturity:
    """The product-limit law of truncated delays: for labels that are known only once they have come.

    A missing label may never come, or belong to another stratum, so that nobody knows of how many rows these are. What
    is seen are delays that are not longer than the row's age (truncated on the right). Counted from the longest delay
    back, each step asks which share of those that came by then came right then; where hardly any could, one more is
    added to those that came earlier, or a single label would say that none ever does. It is the law of delays up to the
    greatest age: nobody can know of longer ones, and the share at the greatest age is 1.

    Sources: Lynden-Bell, Monthly Notices of the R.A.S. 155 (1971) 95-118; Lagakos, Barraj and De Gruttola, Biometrika
    75 (1988) 515-523; Kalbfleisch and Lawless, J. American Statistical Association 84 (1989) 360-372.

    >>> import numpy as np
    >>> law = truncated(Arrivals(np.array([0, 1]), np.array([9, 9]), np.array([[7, 2], [3, 0]])), now=1)
    >>> law.share.tolist()  # eight came at once, and two later
    [0.8, 1.0]
    """
    import numpy as np

    known = arrivals.known(now)
    seen = np.arange(known.came.shape[1]) <= now - known.days[:, None]
    last, moved = _ratio(known.came, np.where(seen, np.cumsum(known.came, axis=1), 0), _EARLIER)
    steps = moved / np.maximum(1 - last, CLOSEST)
    share = np.r_[np.cumprod((1 - last)[:0:-1])[::-1], 1.0]
    later = np.cumsum(steps[:, :0:-1], axis=1)[:, ::-1]
    return Maturity(known.days, share, -share * np.pad(later, ((0, 0), (0, 1))))


def geometric(arrivals: Arrivals, now: int) -> Maturity:
    """A law that reaches beyond the greatest age: some labels come in the first period, of the rest a constant share
    in each. Exponential delays, counted in whole periods, are of this kind.

    As `truncated` it takes only labels that came, with delays up to the row's age, and it finds the likeliest two
    parameters. It is sure of what it has not seen, so look whether it agrees with `truncated` where both speak.

    Source: Chapelle, KDD 2014, 1097-1105 (exponential delays); the likelihood of delays given that they were seen is
    Kalbfleisch and Lawless's, J. American Statistical Association 84 (1989) 360-372.

    >>> import numpy as np
    >>> came = np.array([[500, 250, 125], [500, 250, 0], [500, 0, 0]])
    >>> geometric(Arrivals(np.array([0, 1, 2]), np.full(3, 1000), came), now=2).share.round(3).tolist()
    [0.5, 0.75, 0.875]
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit

    known = arrivals.known(now)
    ages, of = now - known.days, known.came.sum(axis=1)
    if not known.came[:, 1:].any():
        raise ValueError("no label came later than its own period: there is no tail of delays to learn")
    first, more = known.came[:, 0], known.came[:, 1:] @ np.arange(known.came.shape[1] - 1)
    counts = (first.astype(float), more.astype(float), of.astype(float), ages)

    def cost(x: Array) -> tuple[float, Array]:
        likelihood, slopes = _likelihood(x, *counts)
        return -float(likelihood.sum()) / of.sum(), -slopes.sum(axis=0) / of.sum()

    begin = np.array([0.0, 1.0])
    x = minimize(cost, begin, jac=True, method="L-BFGS-B", bounds=[(-20, 20), (-20, 20)]).x
    bend = np.stack([_slope_at(x, step, counts) for step in np.eye(2) * 1e-4])
    by_day = _likelihood(x, *counts)[1] @ np.linalg.pinv(-bend)
    later, stays = expit(-x[0]), expit(x[1])
    left = later * stays ** np.arange(known.came.shape[1])
    delays = np.arange(known.came.shape[1])
    per_x = np.stack([left * (1 - later), -left * delays * (1 - stays)])
    return Maturity(known.days, 1 - left, by_day @ per_x)


def _slope_at(x: Array, step: Array, counts: tuple[Array, Array, Array, Whole]) -> Array:
    """How the slope of the likelihood bends in one direction."""
    import numpy as np

    up, down = (_likelihood(x + sign * step, *counts)[1].sum(axis=0) for sign in (1, -1))
    return np.asarray((up - down) / (2 * step.max()))


def _likelihood(x: Array, first: Array, more: Array, of: Array, ages: Whole) -> tuple[Array, Array]:
    """Of each day's delays, given that they were seen, and its slopes, by the log odds of "at once" and of "stays"."""
    import numpy as np
    from scipy.special import expit, log_expit

    at_once, stays = expit(x[0]), expit(x[1])
    later = of - first
    unseen = (1 - at_once) * stays**ages
    seen = np.maximum(1 - unseen, CLOSEST)
    likelihood = (
        first * log_expit(x[0]) + later * (log_expit(-x[0]) + log_expit(-x[1])) + more * log_expit(x[1])
    ) - of * np.log(seen)
    slopes = np.stack(
        [
            first * (1 - at_once) - later * at_once - of * unseen * at_once / seen,
            more * (1 - stays) - later * stays + of * unseen * ages * (1 - stays) / seen,
        ],
        axis=1,
    )
    return likelihood, slopes


def _ratio(came: Whole, of: Whole, more: int = 0) -> tuple[Array, Array]:
    """For each delay: what came as a share of those that could (and some more), and how much each day moves it.

    A day that has a large part of those that could pulls the share to itself, and would look as if it moved little. As
    when a day is left out, its influence is divided by what is left without it, by a half where that is less.
    """
    import numpy as np

    total = np.maximum(of.sum(axis=0) + more, 1)
    share = came.sum(axis=0) / total
    return share, np.asarray((came - share * of) / total / np.maximum(1 - of / total, 0.5))
