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


def benjamini_yekutieli(chances: Sequence[float], share: float) -> tuple[bool, ...]:
    """The same whatever the tests have to do with each other, at a price: the share over 1 + 1/2 + ... + 1/all.

    Source: Benjamini and Yekutieli, Annals of Statistics 29 (2001) 1165-1188, theorem 1.3.

    >>> benjamini_yekutieli([0.04, 0.001, 0.5], 0.05)
    (False, True, False)
    """
    return benjamini_hochberg(chances, share / max(sum(1 / place for place in range(1, len(chances) + 1)), 1))


def holm(chances: Sequence[float], share: float) -> tuple[float, ...]:
    """At which level each p-value is tested, so that even one false alarm among all comes at most `share` of the time.

    The smallest is tested at `share / all`, the next at `share / (all - 1)`, and so on until one does not count; the
    level of that one is the level of all the rest. A test counts where its p-value is at or below its level. Whatever
    the tests have to do with each other.

    Source: Holm, Scandinavian J. of Statistics 6 (1979) 65-70.

    >>> [round(level, 4) for level in holm([0.01, 0.5, 0.02], 0.05)]
    [0.0167, 0.05, 0.025]
    """
    order = sorted(range(len(chances)), key=chances.__getitem__)
    levels = [0.0] * len(chances)
    left, going = len(chances), True
    for place in order:
        levels[place] = share / left
        going = going and chances[place] <= levels[place]
        left -= going
    return tuple(levels)
