"""How far groups are apart at most: many comparisons, and one interval for the largest of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.interval import LEVEL
from everfit.statistics.proportions import Share, koopman, newcombe, ratio_below

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.by_group import ByDay

    Array = NDArray[np.float64]
    Ends = tuple[Array, Array]
    Places = NDArray[np.int64]

_HALVINGS = 30


@dataclass(frozen=True, eq=False)
class Gaps:
    """The sizes of several gaps with the ends of their intervals, and `chance`: the p-value of each against a bar.

    `high` is a one-sided bound for each gap by itself: if all are below a bar, then so is the largest, wrongly at most
    as often as for one (the claim is that all are small, so the largest true one would have to be missed: Berger's
    intersection-union test). It is made at half the error that is allowed, because intervals of shares near 0 or 1, on
    few days that differ much, may miss 8 times in 100 where they say 5. `low` is a bound for all gaps at once
    (Bonferroni, and each may be in either direction): if one of them is above the bar, the largest is.

    Source: Berger, Technometrics 24 (1982) 295-300.
    """

    effect: Array
    low: Array
    high: Array
    chance: Callable[[float], Array]


def differences(shares: ByDay, one: Places, two: Places, level: float = LEVEL, among: int = 0) -> Gaps:
    """The gaps between the shares of `one` and `two` (places of groups), as differences: Newcombe's hybrid interval.

    Rows of a day go together: each share has its effective rows, and the two of a pair the correlation of their days
    (see `ByDay`). `among` comparisons are made in all, if there are others besides these.
    """
    first, second, correlation = _pair(shares, one, two)
    effect = first.value - second.value

    def ends(at: float | Array) -> Ends:
        return newcombe(first, second, correlation, at)

    def turned(at: float | Array) -> Ends:
        low, high = ends(at)
        return -high, -low

    def chance(bar: float) -> Array:
        return _both(_chance(effect, ends, bar), _chance(-effect, turned, bar))

    return _sizes(effect, ends, chance, level, among or len(one))


def ratios(shares: ByDay, one: Places, two: Places, level: float = LEVEL, among: int = 0) -> Gaps:
    """The gaps as logarithms of ratios: Koopman's interval; otherwise as `differences`.

    Where nobody of either group has it, they may be any ratio apart.
    """
    import numpy as np

    first, second, correlation = _pair(shares, one, two)

    def ends(at: float | Array) -> Ends:
        low, high = koopman(first, second, correlation, at)
        with np.errstate(divide="ignore"):
            return np.log(low), np.log(high)

    def chance(bar: float) -> Array:
        most = float(np.exp(bar))
        return _both(ratio_below(first, second, correlation, most), ratio_below(second, first, correlation, most))

    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.nan_to_num(np.log(first.value) - np.log(second.value), nan=0.0, posinf=np.inf, neginf=-np.inf)
    return _sizes(effect, ends, chance, level, among or len(one))


def widened(ours: ByDay, theirs: ByDay, one: Places, two: Places, level: float = LEVEL, among: int = 0) -> Gaps:
    """By how much the gap of each pair, as a difference, is wider in `ours` than in `theirs`: the same rows, twice.

    `|a| - |b|` is below a bar if, for each sign of `a`, `a` less one of `b` and `-b` is: for each sign the better of
    two bounds is taken, each at half the error. Cluster-robust t by day, as `everfit.statistics.interval` makes it.
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    a, b = (shares.value[one] - shares.value[two] for shares in (ours, theirs))
    by_a, by_b = (shares.moved[one] - shares.moved[two] for shares in (ours, theirs))
    days = np.sum((ours.rows[one] + ours.rows[two]) > 0, axis=1)
    freedom = np.minimum(ours.equal[one], ours.equal[two]) - 1
    signs = [(s, t) for s in (1, -1) for t in (1, -1)]
    value = np.array([s * a - t * b for s, t in signs]).reshape(2, 2, -1)
    spread = np.array([np.sum((s * by_a - t * by_b) ** 2, axis=1) for s, t in signs]).reshape(2, 2, -1)
    error = np.sqrt((days - 1) / days * spread)

    def reach(level: float) -> Array:
        return np.asarray(stdtrit(freedom, level) * error)

    def chance(bar: float) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            alone = np.where(error > 0, stdtr(freedom, (value - bar) / error), (value >= bar).astype(float))
        return np.asarray(np.minimum(2 * alone.min(axis=1), 1.0).max(axis=0))

    wrong = (1 - level) / 2
    return Gaps(
        np.abs(a) - np.abs(b),
        (value - reach(1 - wrong / (2 * (among or len(one))))).max(axis=0).min(axis=0),
        (value + reach(1 - wrong)).min(axis=1).max(axis=0),
        chance,
    )


def _pair(shares: ByDay, one: Places, two: Places) -> tuple[Share, Share, Array]:
    return _some(shares.share, one), _some(shares.share, two), shares.correlation[one, two]


def _some(share: Share, places: Places) -> Share:
    return Share(share.value[places], share.rows[places], share.freedom[places])


def _sizes(
    effect: Array, ends: Callable[[float], Ends], chance: Callable[[float], Array], level: float, among: int
) -> Gaps:
    """From the intervals of signed gaps to those of their sizes."""
    import numpy as np

    low, high = ends(1 - (1 - level) / 2)
    sure_low, sure_high = ends(1 - (1 - level) / (2 * among))
    return Gaps(np.abs(effect), np.maximum(np.maximum(sure_low, -sure_high), 0.0), np.maximum(high, -low), chance)


def _both(one: Array, other: Array) -> Array:
    """A gap is small if it is small in either direction; twice, since ends are made at half the error."""
    import numpy as np

    return np.asarray(np.minimum(2 * np.maximum(one, other), 1.0))


def _chance(effect: Array, ends: Callable[[Array], Ends], bar: float) -> Array:
    """One less the confidence at which the upper end is at the bar; a lower end is an upper one of less confidence."""
    import numpy as np

    under = effect < bar
    least, most = np.full(len(effect), 0.5), np.ones(len(effect))
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        low, high = ends(middle)
        nearer = np.where(under, high < bar, low >= bar)
        least, most = np.where(nearer, middle, least), np.where(nearer, most, middle)
    return np.where(under, 1 - least, least)
