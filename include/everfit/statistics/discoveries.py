"""Many tests at once: which of them count, if only a small share of those that count may be chance."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(chances: Sequence[float], share: float) -> tuple[bool, ...]:
    """Which p-values count, so that at most `share` of them are false alarms on average, for independent tests.

    The same holds for tests that go together (positive dependence), and where nothing is wrong at all, one or more
    count at most that often.

    Sources: Benjamini and Hochberg, J. Royal Statistical Society B 57 (1995) 289-300; Benjamini and Yekutieli, Annals
    of Statistics 29 (2001) 1165-1188.

    >>> benjamini_hochberg([0.04, 0.001, 0.5], 0.05)
    (False, True, False)
    """
    ordered = sorted(chances)
    last = max((place for place, p in enumerate(ordered, 1) if p <= share * place / len(ordered)), default=0)
    return tuple(last > 0 and p <= ordered[last - 1] for p in chances)
