"""Quality while labels are still coming: what is missing today is neither negative nor like what is here.

Two settings. In the first only positives are told, some time later (a conversion, a default, a claim): a row without a
label is a negative or a positive that has not come yet. In the second every row gets a label some day, whatever it is,
and those that have one already are a biased sample if labels of one kind, or rows of one kind, are quicker.

Labels are taken as they stand now: a corrected one is counted once, as its newest. The days between are weighted by
their maturity, so that a young day, of which little is known, counts little, and no weight ever is large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.delays import Arrivals, Maturity, censored
from everfit.statistics.interval import LEVEL, Estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Influence = tuple[NDArray[np.int64], Array]
    """Days, and how much each of them moves a value."""


def mature_share(law: Maturity, days: NDArray[np.int64], now: int) -> Array:
    """Which share of each day's labels has come by now, if they come as the law says.

    >>> import numpy as np
    >>> law = Maturity(np.array([0]), np.array([0.2, 0.6, 1.0]), np.zeros((1, 3)))
    >>> mature_share(law, np.array([3, 4, 5]), now=5).tolist()
    [1.0, 0.6, 0.2]
    """
    return law.at(now - days)


def late_rate(arrivals: Arrivals, law: Maturity, now: int, since: int | None = None, level: float = LEVEL) -> Estimate:
    """The share of rows that are positive, where only positives are told: those that came, over the rows that are ripe.

    With `geometric` it is the share that is ever positive, with `truncated` the share that is by the greatest age. The
    ends of the interval know that the law of delays was learnt from few labels, and that rows of one day go together;
    where the window is shorter than most delays, the upper end says that nobody knows.

    Sources: Chapelle, KDD 2014, 1097-1105; Yasui, Morishita, Fujita and Shibata, WWW 2020 (arXiv 2002.02068).

    >>> import numpy as np
    >>> from everfit.statistics.delays import geometric
    >>> came = np.array([[40, 20, 10], [40, 20, 0], [40, 0, 0]])
    >>> seen = Arrivals(np.array([0, 1, 2]), np.full(3, 800), came)
    >>> round(170 / 2400, 4), round(late_rate(seen, geometric(seen, now=2), now=2).value, 4)
    (0.0708, 0.1)
    """
    known = arrivals.known(now)
    positives = known.came.sum(axis=1).astype(float)
    found = late_loss(LateLosses(known, positives, positives * 0), law, now, since, level)
    return in_ripeness(found)


def rate_within(arrivals: Arrivals, now: int, periods: int, level: float = LEVEL) -> Estimate:
    """The share of rows that are told positive within so many periods: no law is assumed and nothing extrapolated.

    Source: Maller and Zhou, Biometrika 79 (1992) 731-739.

    >>> import numpy as np
    >>> seen = Arrivals(np.array([0, 1]), np.array([10, 10]), np.array([[5, 2], [5, 0]]))
    >>> round(rate_within(seen, now=1, periods=1).value, 6)
    0.7
    """
    law, known = censored(arrivals, now), arrivals.known(now)
    if periods >= len(law.share):
        raise ValueError(f"the oldest rows are {len(law.share) - 1} periods old: nobody knows what comes in {periods}")
    return in_log_odds(bounded(float(law.share[periods]), law.moved[:, periods], known.rows.astype(float), level))


@dataclass(frozen=True, eq=False)
class LateLosses:
    """Sums of each day's losses where only positives are told, in the order of `arrivals.days`.

    `negative`: the sum over all rows of the loss they have if they are negative. `extra`: the sum, over the positives
    that came, of how much more (or less) they lose as positives. Both are sums by day: add them up as data come.
    """

    arrivals: Arrivals
    extra: Array
    negative: Array


def late_loss(losses: LateLosses, law: Maturity, now: int, since: int | None = None, level: float = LEVEL) -> Estimate:
    """The mean loss of rows from `since` on, where only positives are told: a missing label is no negative.

    A row whose positives are told by now with chance `F` stands for `F` rows; its label, divided by `F`, is right on
    average. That takes it that the delay does not depend on the score among positives.
    """
    import numpy as np

    known = losses.arrivals
    inside = (known.days >= (known.days.min() if since is None else since)) & (known.days <= now)
    ages = now - known.days[inside]
    ripe, moved = law.at(ages), law.moved[:, np.minimum(ages, law.moved.shape[1] - 1)]
    rows, negative, extra = known.rows[inside], losses.negative[inside], losses.extra[inside]
    weights = ripe * rows
    if not weights.any():
        raise ValueError(f"of the {int(rows.sum())} rows from {since} to {now} none can have its label yet")
    value = float((extra + ripe * negative).sum() / weights.sum())
    by_rows = (known.days[inside], extra + ripe * negative - value * weights)
    by_law = (law.days, moved @ (negative - value * rows))
    return bounded(value, _by_day(by_rows, by_law) / weights.sum(), weights, level)


@dataclass(frozen=True, eq=False)
class Stratum:
    """Rows whose labels come at one pace: of one label, of one range of the score, of one place.

    `arrivals.rows` are all rows of each day, of whatever stratum, if strata are by label (nobody knows of what stratum
    a row without one is), with `law` from `truncated` or `geometric`; of its own rows if it is known of every row, with
    `law` from `censored`. `losses`: the sum of the losses of each day's labelled rows.
    """

    arrivals: Arrivals
    law: Maturity
    losses: Array


def stratified_loss(
    strata: Sequence[Stratum], rows: NDArray[np.int64], now: int, since: int | None = None, level: float = LEVEL
) -> Estimate:
    """The mean loss of rows from `since` on, where every label comes, but not all at one pace.

    A labelled row stands for as many as the labels of its stratum are ripe, on average over the days: the inverse of
    its maturity. `rows` are all rows of each day; strata have the same days. With the label itself for a loss it is the
    mean label. It takes it that within a stratum the delay has nothing to do with the loss.

    Sources: Horvitz and Thompson, J. American Statistical Association 47 (1952) 663-685; Hajek's ratio of two such
    sums; Robins and Rotnitzky (1992) for weights from Kaplan-Meier's law.
    """
    import numpy as np

    days = strata[0].arrivals.days
    inside = (days >= (days.min() if since is None else since)) & (days <= now)
    ages = now - days[inside]
    losses, stood = 0.0, 0.0
    by_loss: list[Influence] = []
    by_stood: list[Influence] = []
    ripe = np.zeros(len(days))
    for stratum in strata:
        expected = np.where(inside, rows * stratum.law.at(np.maximum(now - days, 0)), 0.0)
        moved = stratum.law.moved[:, np.minimum(ages, stratum.law.moved.shape[1] - 1)] @ rows[inside]
        loss, moves = _over(np.where(inside, stratum.losses, 0.0), expected, moved)
        stands, shifts = _over(np.where(inside, stratum.arrivals.came.sum(axis=1), 0.0), expected, moved)
        losses, stood, ripe = losses + loss, stood + stands, ripe + expected
        by_loss += [(days, moves[0]), (stratum.law.days, moves[1])]
        by_stood += [(days, shifts[0]), (stratum.law.days, shifts[1])]
    value = losses / stood
    return bounded(value, (_by_day(*by_loss) - value * _by_day(*by_stood)) / stood, ripe, level)


def _over(seen: Array, expected: Array, moved: Array) -> tuple[float, tuple[Array, Array]]:
    """What was seen per ripe row, and how much days move it: by what was seen on them, and by way of the law."""
    whole = float(expected.sum())
    if not whole:
        raise ValueError("of these rows none can have its label yet")
    share = float(seen.sum()) / whole
    return share, ((seen - share * expected) / whole, -share * moved / whole)


def _by_day(*parts: Influence) -> Array:
    """Influences of several parts, each with its days, added up by day."""
    import numpy as np

    days, codes = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    return np.asarray(np.bincount(codes, np.concatenate([part[1] for part in parts]), len(days)), dtype=np.float64)


def bounded(value: float, influences: Array, weights: Array, level: float) -> Estimate:
    """The interval of a value that each day moves by so much, the days having these weights: see `estimate`."""
    import numpy as np
    from scipy.special import stdtrit

    weights = weights[weights > 0]
    days, shares = len(influences), weights / weights.sum()
    if len(shares) < 2:  # noqa: PLR2004 - a spread needs two
        raise ValueError(f"an interval needs rows of at least 2 days, found {len(shares)}")
    error = float(np.sqrt(np.sum(influences**2)) * np.sqrt(days / (days - 1)))
    freedom = float(1 / np.sum(shares**2)) - 1
    reach = float(stdtrit(freedom, level)) * error
    return Estimate(value, value - reach, value + reach, round(weights.sum()), days, freedom, error, level)


def in_log_odds(found: Estimate) -> Estimate:
    """The same with ends that are symmetric in log odds, as a small share needs; a share of 0 or 1 keeps its own."""
    from dataclasses import replace
    from math import exp, log

    p = found.value
    if not 0 < p < 1:
        return replace(found, value=min(max(p, 0.0), 1.0), low=min(max(found.low, 0.0), 1.0), high=min(found.high, 1.0))
    middle, reach = log(p / (1 - p)), (found.high - p) / (p * (1 - p))
    low, high = (1 / (1 + exp(-min(max(middle + sign * reach, -700), 700))) for sign in (-1, 1))
    return replace(found, low=low, high=high)


def in_ripeness(found: Estimate) -> Estimate:
    """The same, no less wide than with ends that are symmetric in the inverse: in how ripe labels are, that is.

    As long as most delays are longer than what one has seen, hardly any ripeness can be excluded, and no rate.
    """
    from dataclasses import replace

    p, whole = found.value, in_log_odds(found)
    if not 0 < p < 1:
        return whole
    less, reach = 1 / p, (found.high - p) / p**2
    high = 1 / (less - reach) if reach < less else 1.0
    return replace(whole, low=min(whole.low, 1 / (less + reach)), high=min(max(whole.high, high), 1.0))
