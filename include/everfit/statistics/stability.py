"""How unlike two distributions are (PSI), and whether that is more than batches differ anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.tails import above

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Stability:
    """How unlike the earlier batches the new one is: its PSI, what is usual among them, and how often that is chance.

    `usual` is the mean PSI of each earlier batch against the others.
    """

    psi: float
    usual: float
    chance: float


def psi(new: Counts, old: Counts) -> float:
    """The population stability index of two histograms over the same bins: the sum of (p - q) * log(p / q).

    Half a row is added to each bin (Jeffreys), so that an empty bin weighs much and not infinitely much.

    >>> import numpy as np
    >>> round(psi(np.array([500, 500]), np.array([500, 500])), 6), round(psi(np.array([900, 100]), np.full(2, 500)), 2)
    (0.0, 0.88)
    """
    return float(_psi(_shares(new), _shares(old)))


def by_chance(new: Counts, old: Counts) -> float:
    """The mean PSI of two samples of these sizes from one distribution: (1/n + 1/m) * (bins - 1).

    Source: Yurdakul, Statistical Properties of the Population Stability Index (Western Michigan University, 2018).

    >>> import numpy as np
    >>> round(by_chance(np.full(10, 50), np.full(10, 50)), 3)
    0.036
    """
    return float(_by_chance(new, old))


def stability(new: Counts, earlier: Counts) -> Stability:
    """Hold a batch against `k >= 2` earlier ones; `earlier` has one row per batch, `new` and each row the same bins.

    Real batches differ by more than chance: months have seasons. How much more is read off the earlier ones, each held
    against the others, and added to what chance gives for the number of rows. The p-value rests on Freeman and Tukey's
    distance, 4 * sum of (sqrt(p) - sqrt(q))^2: for near distributions it is the PSI, for far ones it does not explode.
    The distance of the new one over that sum is held against Fisher's F. Its degrees of freedom say along how
    many directions batches differ: one is the worst case (a weighted sum of squared normals with a mean of 1 exceeds a
    bar above 1.54 most often if all weight is on one of them), the number of bins less one the best. They are measured
    on the earlier batches as Satterthwaite does, and taken as the geometric mean of that and of the worst case, because
    few batches say little of it; the denominator has k - 1 times as many. So the p-value is about right where batches
    differ along one line, and else too large.

    Sources: Yurdakul (2018) for the part of chance; Freeman and Tukey, Annals of Mathematical Statistics 21 (1950)
    607-611; Rao and Scott, J. American Statistical Association 76 (1981) 221-230, for what differing batches add, and
    for Satterthwaite's correction; Székely and Bakirov, Probability Theory and Related Fields 126 (2003) 184-202, for
    the worst case.
    """
    import numpy as np

    if len(new) < 2:  # noqa: PLR2004 - everything is in one bin
        return Stability(0.0, 0.0, 1.0)
    total = earlier.sum(axis=0)
    rest = total - earlier
    off = _off(_shares(earlier), _shares(rest))
    more = max(float(np.mean(np.sum(off**2, axis=1) - _by_chance(earlier, rest))), 0.0)
    ratio = float(np.sum(_off(_shares(new), _shares(total)) ** 2)) / (by_chance(new, total) + more)
    freedom = _directions(off) ** 0.5
    usual = float(np.mean(_psi(_shares(earlier), _shares(rest))))
    return Stability(psi(new, total), usual, above(ratio, freedom, freedom * (len(earlier) - 1)))


def _directions(off: Shares) -> float:
    """Along how many directions batches are off: (sum of the variances)^2 over the sum of their squares."""
    import numpy as np

    products = off @ off.T
    squares = float(np.sum(products**2))
    return max(float(np.trace(products)) ** 2 / squares, 1.0) if squares else 1.0


def _psi(p: Shares, q: Shares) -> Shares:
    import numpy as np

    return np.asarray(np.sum((p - q) * np.log(p / q), axis=-1), dtype=np.float64)


def _by_chance(one: Counts, other: Counts) -> Shares:
    import numpy as np

    n, m = (np.maximum(counts.sum(axis=-1), 1) for counts in (one, other))
    return np.asarray((1 / n + 1 / m) * (one.shape[-1] - 1), dtype=np.float64)


def _off(p: Shares, q: Shares) -> Shares:
    import numpy as np

    return np.asarray(2 * (np.sqrt(p) - np.sqrt(q)), dtype=np.float64)


def _shares(counts: Counts) -> Shares:
    import numpy as np

    whole = counts.sum(axis=-1, keepdims=True) + 0.5 * counts.shape[-1]
    return np.asarray((counts + 0.5) / whole, dtype=np.float64)
