"""Two classifiers on the same rows: only the rows that one of them gets wrong say which is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.statistics.interval import LEVEL
from everfit.statistics.proportions import Share, newcombe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEW = 25
"""With fewer rows that only one gets wrong, the binomial distribution itself is used."""


def mcnemar(one: int, two: int) -> float:
    """How often two equally good classifiers differ so much, if rows are independent: McNemar's p-value, two-sided.

    `one` rows are wrong only in the first, `two` only in the second. Exact below 25 of them, else by chi-squared with
    Edwards' correction. For rows that depend on each other by day it is too small: see `clustered`.

    Sources: McNemar, Psychometrika 12 (1947) 153-157; Edwards, Psychometrika 13 (1948) 185-187.

    >>> mcnemar(1, 6), round(mcnemar(86, 150), 7)
    (0.125, 4.11e-05)
    """
    return exact(one, two) if one + two < FEW else corrected(one, two)


def exact(one: int, two: int) -> float:
    """McNemar's exact p-value: the rows that only one gets wrong fall to either like a fair coin.

    >>> round(exact(86, 150), 7)
    3.72e-05
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(one, two), one + two, 0.5)))


def corrected(one: int, two: int) -> float:
    """McNemar's p-value by chi-squared with one degree of freedom, with Edwards' correction for continuity."""
    from scipy.special import chdtrc

    if not one + two:
        return 1.0
    return float(chdtrc(1, max(abs(one - two) - 1, 0) ** 2 / (one + two)))


def clustered(differences: Array) -> float:
    """The same for rows that depend on each other by day: the p-value of no difference, two-sided.

    `differences` has for each day how many rows were wrong only in the first less those only in the second. Between
    equally good classifiers a day's difference falls to either side alike, whatever its rows have to do with each
    other, so `(sum of differences)^2 / (sum of their squares)` is nearly chi-squared with one degree of freedom (Yang,
    Sun and Hardin). Given per row, divided by the day's rows, they make Durkalski's test, in which each day counts the
    same.

    Sources: Obuchowski, Statistics in Medicine 17 (1998) 1495-1507; Durkalski et al., Statistics in Medicine 22 (2003)
    2417-2428; Yang, Sun and Hardin, Biometrical Journal 52 (2010) 638-652.

    >>> import numpy as np
    >>> round(clustered(np.array([3.0, 1.0, 2.0, -1.0, 2.0])), 4)
    0.1083
    """
    import numpy as np
    from scipy.special import chdtrc

    squares = float(np.sum(differences**2))
    return float(chdtrc(1, float(np.sum(differences)) ** 2 / squares)) if squares else 1.0


def paired_difference(both: int, one: int, two: int, neither: int, level: float = LEVEL) -> tuple[float, float]:
    """Newcombe's interval of the difference of two shares in the same rows, if rows are independent.

    Of the rows, `both` have it in the first and the second, `one` only in the first, `two` only in the second. The
    correlation of the two shares is phi, a positive one with Newcombe's correction for continuity.

    Source: Newcombe, Statistics in Medicine 17 (1998) 2635-2650, method 10.

    >>> [round(end, 4) for end in paired_difference(20, 12, 2, 16, level=0.975)]
    [0.0562, 0.3292]
    """
    from math import prod, sqrt

    rows = both + one + two + neither
    first, second = both + one, both + two
    above: float = both * neither - one * two
    above = max(above - rows / 2, 0) if above > 0 else above
    margins = prod((first, rows - first, second, rows - second))
    phi = above / sqrt(margins) if margins else 0.0
    low, high = newcombe(Share.of(first, rows), Share.of(second, rows), phi, level)
    return float(low), float(high)
