"""All distances of a column, and which of many columns drifted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from everfit.statistics.discoveries import benjamini_yekutieli
from everfit.statistics.drift.chi_squared import chi_squared
from everfit.statistics.drift.drift import LEVEL, Drift
from everfit.statistics.drift.jensen_shannon import jensen_shannon
from everfit.statistics.drift.kolmogorov_smirnov import kolmogorov_smirnov
from everfit.statistics.drift.pair import line, pair
from everfit.statistics.drift.psi import psi
from everfit.statistics.drift.wasserstein import wasserstein

if TYPE_CHECKING:
    from everfit.statistics.drift.profile import Profile


def drifts(reference: Profile, window: Profile, level: float = LEVEL) -> tuple[Drift, ...]:
    """Every distance that there is between two profiles of one column, made with the same bins or categories.

    PSI first, Jensen-Shannon, for numbers Wasserstein; then what is second in rank: chi-squared, for numbers
    Kolmogorov-Smirnov. A distance is left out where there is nothing to compare: a window without rows, a column with a
    single cell. Missing and infinite values are cells of their own to those that know no line.

    `reference` and `window` have to be cut alike, both by day or both by batch: what days differ by is known only from
    the reference's days. A profile of one cluster takes rows for independent.

    >>> import numpy as np
    >>> from everfit.statistics.drift.profile import Profile
    >>> from everfit.statistics.histogram import Bins
    >>> old = np.random.default_rng(1).normal(size=10_000)
    >>> bins = Bins.learn(old)
    >>> for drift in drifts(Profile.of(bins.count(old)), Profile.of(bins.count(old[:4_000] + 0.3))):
    ...     print(drift.distance, round(drift.value, 2), drift.drifted)
    PSI 0.09 True
    Jensen-Shannon 0.11 True
    Wasserstein 0.29 True
    chi-squared 0.3 True
    Kolmogorov-Smirnov 0.12 True
    """
    cells, bins = pair(reference, window), line(reference, window)
    found = [] if cells is None else [psi(cells, level), jensen_shannon(cells, level)]
    found += [] if bins is None else [wasserstein(bins, level)]
    found += [] if cells is None else [chi_squared(cells, level)]
    found += [] if bins is None else [kolmogorov_smirnov(bins, level)]
    return tuple(found)


def together(columns: Mapping[str, Drift], share: float) -> tuple[str, ...]:
    """Which of many columns of one window drifted, the strongest evidence first, by one distance of each.

    At most `share` of those beyond chance are so by chance, on average, however columns go together (Benjamini and
    Yekutieli); of these, the ones that matter are named. Where nothing drifted, any is named with a chance of at most
    `share`: the window as a whole is one test at that level, whose p-value is `any_drift`. For many windows over time
    take the share that is left of a budget: `ELond.level` of the windows before.

    >>> found = {"age": Drift("PSI", 0.3, 0.01, 1e-9, 0.04, 0.01), "fee": Drift("PSI", 0.02, 0.01, 1e-4, 0.04, 0.01)}
    >>> together(found, 0.05)
    ('age',)
    """
    counts = benjamini_yekutieli([drift.p for drift in columns.values()], share)
    named = [
        (drift.p, name) for (name, drift), one in zip(columns.items(), counts, strict=True) if one and drift.matters
    ]
    return tuple(name for _, name in sorted(named))


def any_drift(columns: Mapping[str, Drift]) -> float:
    """How often chance alone makes any of the columns look so strange: the least share at which `together` names one.

    But for the minimum effect, which it leaves aside. 1 without columns.

    >>> found = {"age": Drift("PSI", 0.3, 0.01, 0.01, 0.04, 0.01), "fee": Drift("PSI", 0.02, 0.01, 0.5, 0.04, 0.01)}
    >>> any_drift(found)  # 0.01 times 2, times 1 + 1/2
    0.03
    """
    chances = sorted(drift.p for drift in columns.values())
    price = sum(1 / place for place in range(1, len(chances) + 1))
    return min((1.0, *(p * len(chances) / place * price for place, p in enumerate(chances, 1))))
