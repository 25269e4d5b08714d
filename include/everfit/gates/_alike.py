"""The comparisons of groups that a fairness gate makes: which there are, and how far apart each is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates._claims import show
from everfit.statistics.by_group import ByDay, by_day
from everfit.statistics.interval import FEWEST_CLUSTERS, FEWEST_EQUAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.gates._grouping import Grouping
    from everfit.gates.evidence import Evidence
    from everfit.statistics.gaps import Gaps

RATES: dict[str, dict[str, int | None]] = {
    "demographic_parity": {"positive rate": None},
    "equal_opportunity": {"true positive rate": 1},
    "equalised_odds": {"true positive rate": 1, "false positive rate": 0},
}
"""What is compared, and among rows of which label (None: of any)."""

REST = "all others"


@dataclass(frozen=True)
class Asked:
    """What a fairness gate asks: from which score on a row is positive, how many rows a group must have, which groups
    have no say, and whether each is compared with all others together, and with the champion's."""

    threshold: float
    min_rows: int
    leave_out: tuple[str, ...]
    with_rest: bool
    with_champion: bool


@dataclass(frozen=True, eq=False)
class Rate:
    """One rate of the groups that are large enough to say something, and the pairs of them that are compared.

    `one` and `two` are places in `names` and in the shares; `theirs` are the champion's, if it is compared with them.
    `small` has the other groups with their number of rows, and why they have no say; those left out are not among them.
    """

    title: str
    names: tuple[str, ...]
    ours: ByDay
    theirs: ByDay | None
    one: NDArray[np.int64]
    two: NDArray[np.int64]
    small: dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Pair:
    """How far apart one rate of two groups is, with the ends of the interval of that; `before` was the champion's."""

    rate: str
    names: tuple[str, str]
    shares: tuple[float, float]
    rows: tuple[int, int]
    before: float | None
    effect: float
    low: float
    high: float
    p: float

    @property
    def sentence(self) -> str:
        """What was measured."""
        (first, second), (one, two) = self.names, self.shares
        if one < two:
            first, second, one, two = second, first, two, one
        found = f"{self.rate} is {show(one)} for {first} and {show(two)} for {second}"
        return found if self.before is None else f"{found}, where the champion's are {show(self.before)} apart"


def rate_of(evidence: Evidence, grouping: Grouping, title: str, label: int | None, asked: Asked) -> Rate:
    """Count one rate by group and day, and pair the groups that are large enough."""
    import numpy as np

    counts = np.full(evidence.rows, True) if label is None else evidence.y == label
    count = len(grouping.names)

    def table(scores: NDArray[np.float64]) -> ByDay:
        return by_day(grouping.codes, count, evidence.clusters, scores >= asked.threshold, counts)

    ours = table(evidence.candidate)
    theirs = table(evidence.champion) if asked.with_champion and evidence.champion is not None else None
    of = "" if label is None else f" with label {label}"
    heard = [k for k, name in enumerate(grouping.names) if name not in asked.leave_out]
    in_doubt = {k: why for k in heard if (why := _too_small(ours, k, asked.min_rows, of))}
    fine = [k for k in heard if k not in in_doubt]
    names = [grouping.names[k] for k in fine]
    one, two = np.triu_indices(len(fine), 1)
    places = np.array(fine, dtype=np.int64)
    if asked.with_rest:
        names, places = [*names, *[REST] * len(fine)], np.r_[places, places + count]
        one, two = np.arange(len(fine)), np.arange(len(fine)) + len(fine)
        ours, theirs = ours.with_rest(), theirs and theirs.with_rest()
    return Rate(
        title,
        tuple(names),
        ours.of(places),
        theirs and theirs.of(places),
        *((one, two) if len(fine) > 1 else (one[:0], two[:0])),
        {grouping.names[k]: (int(ours.total[k]), why) for k, why in in_doubt.items()},
    )


def pairs(asked: Iterable[Rate], compare: Callable[[Rate], Gaps], bar: float) -> list[Pair]:
    """All pairs of all rates, with how often chance alone shows each gap so far below the bar."""
    return [pair for rate in asked if len(rate.one) for pair in _pairs(rate, compare(rate), bar)]


def _pairs(rate: Rate, gaps: Gaps, bar: float) -> Iterable[Pair]:
    chances = gaps.chance(bar)
    for k, (i, j) in enumerate(zip(rate.one, rate.two, strict=True)):
        yield Pair(
            rate=rate.title,
            names=(rate.names[i], rate.names[j]),
            shares=(float(rate.ours.value[i]), float(rate.ours.value[j])),
            rows=(int(rate.ours.total[i]), int(rate.ours.total[j])),
            before=None if rate.theirs is None else abs(float(rate.theirs.value[i] - rate.theirs.value[j])),
            effect=float(gaps.effect[k]),
            low=float(gaps.low[k]),
            high=float(gaps.high[k]),
            p=float(chances[k]),
        )


def _too_small(table: ByDay, group: int, least: int, of: str) -> str:
    """Why nothing can be said of a group, or "" if something can."""
    rows, days = int(table.total[group]), int(table.days[group])
    if rows < least:
        return f"{rows:,} row{'' if rows == 1 else 's'}{of}"
    if days < FEWEST_CLUSTERS or table.equal[group] < FEWEST_EQUAL:
        return f"{rows:,} rows{of} on {days} days"
    return ""
