"""How unlike two distributions are (PSI), and whether that is more than batches differ anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.student import two_sided

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]


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
    import numpy as np

    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (new, old))
    return float(np.sum((p - q) * np.log(p / q)))


def by_chance(new: Counts, old: Counts) -> float:
    """The mean PSI of two samples of these sizes from one distribution: (1/n + 1/m) * (bins - 1).

    Source: Yurdakul, Statistical Properties of the Population Stability Index (Western Michigan University, 2018).

    >>> import numpy as np
    >>> round(by_chance(np.full(10, 50), np.full(10, 50)), 3)
    0.036
    """
    return float((1 / max(new.sum(), 1) + 1 / max(old.sum(), 1)) * (len(new) - 1))


def stability(new: Counts, earlier: Counts) -> Stability:
    """Hold a batch against `k >= 2` earlier ones; `earlier` has one row per batch, `new` and each row the same bins.

    Real batches differ by more than chance: months have seasons. How much more is read off the earlier ones, each held
    against the others, and added to what chance gives for the number of rows. The PSI of the new one over that sum is
    held against the square of Student's t with k - 1 degrees of freedom. This is as if all batches differed along one
    direction, the worst case: a weighted sum of squared normals with a mean of 1 exceeds a bar above 1.54 most often if
    all weight is on one of them. So the p-value is right or too large, wherever the differences go.

    Sources: Yurdakul (2018) for the part of chance; Rao and Scott, J. American Statistical Association 76 (1981)
    221-230, for what batches add; Székely and Bakirov, Probability Theory and Related Fields 126 (2003) 184-202, for
    the worst case.
    """
    import numpy as np

    if len(new) < 2:  # noqa: PLR2004 - everything is in one bin
        return Stability(0.0, 0.0, 1.0)
    total = earlier.sum(axis=0)
    others = [(one, total - one) for one in earlier]
    among = np.array([psi(one, rest) for one, rest in others])
    more = max(float(np.mean(among - [by_chance(one, rest) for one, rest in others])), 0.0)
    found = psi(new, total)
    ratio = found / (by_chance(new, total) + more)
    return Stability(found, float(among.mean()), two_sided(float(np.sqrt(max(ratio, 0.0))), len(earlier) - 1))
