"""Slices that a spec declares, and what the rows say of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.gates._columns import Coded, Wanted, coded, masks
from everfit.statistics.interval import FEWEST_CLUSTERS
from everfit.statistics.slices import Held, Means, Sums, by_code, by_mask, hold, means, together
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RANGES = 4
"""A column of numbers with more values than this is cut into so many ranges of about equally many rows."""


@dataclass(frozen=True, eq=False)
class Declared:
    """Slices by name: what the rows say of each, `written` those that a person wrote one by one."""

    names: tuple[str, ...]
    written: frozenset[str]
    means: Means
    enough: NDArray[np.bool_]

    def held(self, margin: float) -> tuple[tuple[Detail, ...], tuple[Detail, ...]]:
        """Each slice against the margin, the worst first, and those that cannot be judged."""
        means = self.means.at(self.enough)
        found = hold(means, margin)
        names = [name for name, enough in zip(self.names, self.enough, strict=True) if enough]
        parts = [_part(name, place, means, found, margin) for place, name in enumerate(names)]
        left_out = [self._too_small(place) for place in range(len(self.names)) if not self.enough[place]]
        return tuple(sorted(parts, key=_goodness)), tuple(left_out)

    def p(self, margin: float) -> float:
        """How often chance alone would show all slices so far below the margin, were one of them exactly at it."""
        return float(self.means.at(self.enough).below(margin).max())

    def _too_small(self, place: int) -> Detail:
        rows, days = int(self.means.rows[place]), int(self.means.clusters[place])
        few = days < FEWEST_CLUSTERS
        why = f"it takes {FEWEST_CLUSTERS} days" if few else "they are too few, or bunch on few of the days"
        return Detail(self.names[place], Outcome.CANNOT_TELL, f"{rows:,} rows of {days} days: {why}", n=rows)


def _part(name: str, place: int, means: Means, found: Held, margin: float) -> Detail:
    low, high = float(found.low[place]), float(found.high[place])
    outcome = Outcome.FAILED if found.above[place] else Outcome.CANNOT_TELL
    outcome = Outcome.PASSED if found.below[place] else outcome
    rows, days = int(means.rows[place]), int(means.clusters[place])
    reason = f"{rows:,} rows of {days} days"
    return Detail(name, outcome, reason, float(means.value[place]), low, high, margin, rows)


def _goodness(part: Detail) -> tuple[int, float]:
    """The worst first: harmed, then open, then fine; of each, the one that reaches farthest."""
    order = (Outcome.FAILED, Outcome.CANNOT_TELL, Outcome.PASSED)
    far = part.low if part.outcome is Outcome.FAILED else part.high
    return order.index(part.outcome), -(far or 0.0)


def declared(
    values: Array,
    clusters: NDArray[np.int64],
    about: Mapping[str, NDArray[Any]],
    by: tuple[str, ...],
    slices: tuple[Mapping[str, Wanted], ...],
    min_rows: int,
) -> Declared:
    """Every value of the columns `by`, those too rare to be judged together as one, and the `slices`."""
    names: list[str] = []
    found: list[Sums] = []
    for column in by:
        column_names, sums = _values(column, coded(column, about[column], ranges=RANGES), values, clusters, min_rows)
        names += column_names
        found.append(sums)
    named = masks(slices, about)
    sums = together([*found, by_mask(values, clusters, [rows for _, rows in named])])
    measured = means(sums)
    written = tuple(name for name, _ in named)
    return Declared((*names, *written), frozenset(written), measured, measured.enough(min_rows))


def _values(
    column: str, cut: Coded, values: Array, clusters: NDArray[np.int64], min_rows: int
) -> tuple[list[str], Sums]:
    sums = by_code(values, clusters, cut.codes, len(cut.names))
    enough = means(sums).enough(min_rows)
    rare = int((~enough).sum())
    if rare < 2:  # noqa: PLR2004 - one alone keeps its name
        return list(cut.names), sums
    rest = Sums(*(one[~enough].sum(axis=0, keepdims=True) for one in (sums.count, sums.total)))
    kept = Sums(sums.count[enough], sums.total[enough])
    names = [name for name, is_kept in zip(cut.names, enough, strict=True) if is_kept]
    return [*names, f"{column}: {rare} rare values together"], together([kept, rest])
