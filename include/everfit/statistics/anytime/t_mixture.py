"""A mean, or a ratio of two, whose spread is estimated: Student's t that stays valid at any number of looks."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PRIOR = 50.0
"""The mixture is over effects of a standard deviation of 1 / sqrt(PRIOR) of that of one block."""

FEWEST = 12.0
"""Blocks that have to count before their sum is taken for normal: their squares' sum, squared, over that of the fourth
powers. Of normal ones a third counts, of rare events each."""

ROUNDING = 1e-12
"""What is smaller than this part of the largest sum is no difference."""

ALIKE = 1000
"""So many blocks without any difference show that there is none."""


@dataclass(frozen=True)
class Bounds:
    """An estimate and one-sided bounds of it; infinite as long as nothing can be said. `blocks` it rests on."""

    value: float
    low: float
    high: float
    blocks: int


def reach(blocks: int, alpha: float, prior: float = PRIOR) -> float:
    """How many standard errors a mean of `blocks` normal values may be off, on one side, at any look.

    The two-sided mixture is the mean of the two one-sided ones, and the one that looks the wrong way is at most 1; so
    the right one is at least 1 / alpha where the two-sided reaches (1 / alpha + 1) / 2. With many blocks it is the
    normal mixture with rho2 = 1 / prior and the estimated spread. Exact for independent normal values whose spread
    nobody knows; for others as good as the central limit theorem is.

    Sources: Lai, Annals of Statistics 4 (1976) 265-280; Lindon, Ham, Tingley and Bojinov, arXiv 2210.08589 (2022);
    Wang and Ramdas, arXiv 2310.03722 (2023).

    >>> round(reach(10_000, 0.025), 2), round(reach(200, 0.025), 2), reach(5, 0.025)
    (3.38, 3.13, inf)
    """
    if blocks < 2:  # noqa: PLR2004 - a spread needs two
        return inf
    less = prior / (prior + blocks)
    needed = ((1 / alpha + 1) / 2 / sqrt(less)) ** (2 / blocks)
    return sqrt((blocks - 1) * (needed - 1) / (1 - less * needed)) if less * needed < 1 else inf


def ratio(above: Array, below: Array, alpha_low: float, alpha_high: float) -> Bounds:
    """The ratio of two sums over blocks, `sum(above) / sum(below)`: a mean where `below` has the rows of each block.

    A ratio `r` is refused where the mean of `above - r * below` is too far from 0 (Fieller). The rows of one block may
    go together in any way; blocks are to be independent, or their expected `above - r * below` to be 0 whatever came
    before. No few blocks may have it all (`FEWEST`), while moderate skewness is allowed for. The sums have to be of one
    kind in time: their spread may change, but not grow without end.

    Sources: Fieller, J. Royal Statistical Society B 16 (1954) 175-185; `reach`; for skewed sums `_farther`.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(0.1, 1, 10_000)
    >>> found = ratio(x, np.ones(10_000), 0.025, 0.025)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.106, 0.073, 0.14)
    """
    import numpy as np

    blocks, under = len(above), float(np.sum(below)) if len(below) else 0.0
    if not under:
        return Bounds(0.0, -inf, inf, blocks)
    value = float(np.sum(above)) / under
    off = above - value * below
    most = float(np.abs(off).max())
    if most <= ROUNDING * float(np.abs(above).max()):
        return Bounds(value, value, value, blocks) if blocks >= ALIKE else Bounds(value, -inf, inf, blocks)
    off = off / most
    if float(np.sum(off**2) ** 2 / np.sum(off**4)) < FEWEST:
        return Bounds(value, -inf, inf, blocks)
    spread, leaning = np.cov(above, below), float(np.mean(off**3) / np.mean(off**2) ** 1.5)
    low, _ = _fieller(above, below, spread, _farther(reach(blocks, alpha_low), -leaning, blocks))
    _, high = _fieller(above, below, spread, _farther(reach(blocks, alpha_high), leaning, blocks))
    return Bounds(value, low, high, blocks)


def _farther(far: float, leaning: float, blocks: int) -> float:
    """The reach of a mean of skewed values, on the side where its t comes too far too often; on the other it stays.

    Source: Johnson, J. American Statistical Association 73 (1978) 536-544.
    """
    return far + max(leaning, 0.0) * (1 + 2 * far**2) / (6 * sqrt(blocks))


def _fieller(above: Array, below: Array, spread: Array, far: float) -> tuple[float, float]:
    """Where `(mean above - r * mean below)^2 = far^2 / n * variance of (above - r * below)`."""
    if far == inf:
        return -inf, inf
    up, down, by = float(above.mean()), float(below.mean()), far**2 / len(above)
    a = down**2 - by * float(spread[1, 1])
    b = up * down - by * float(spread[0, 1])
    c = up**2 - by * float(spread[0, 0])
    root = b * b - a * c
    if a <= 0 or root < 0:
        return -inf, inf
    return (b - sqrt(root)) / a, (b + sqrt(root)) / a
