"""The normal mixture: an interval of a mean whose rows' spread is known, at any number of looks."""

from __future__ import annotations

from typing import Any


def radius(rows: Any, rho2: float, sigma: Any = 1.0, alpha: float = 0.05) -> Any:
    """Half the width of the interval of a mean of `rows` values with standard deviation `sigma`: two-sided.

    `rho2` says where it is narrowest, see `tuned`. Exact for values whose error is sub-Gaussian; with an estimated
    `sigma` it holds asymptotically, for means whose truth changes over time as well (then of the mean truth so far).

    Sources: Robbins, Annals of Mathematical Statistics 41 (1970) 1397-1409; Howard, Ramdas, McAuliffe and Sekhon,
    Annals of Statistics 49 (2021) 1055-1080; Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Annals of Statistics 52
    (2024) 2613-2640.

    >>> [round(float(radius(rows, 0.01)), 6) for rows in (100, 1_000, 10_000)]
    [0.365639, 0.096064, 0.03273]
    """
    import numpy as np

    seen = np.asarray(rows, dtype=np.float64) * rho2
    return sigma * np.sqrt(2 * (seen + 1) / (rows * seen) * np.log(np.sqrt(seen + 1) / alpha))


def tuned(rows: float, alpha: float = 0.05) -> float:
    """The `rho2` that makes the interval nearly narrowest when there are so many rows of standard deviation 1.

    Source: Howard et al. 2021, section 3.5, as approximated in their package confseq.

    >>> round(1 / tuned(100), 5)
    12.60056
    """
    from math import log

    wide = -2 * log(alpha)
    return (wide + log(1 + wide)) / rows
