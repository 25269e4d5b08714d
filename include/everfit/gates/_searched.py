"""The search for harmed groups in the columns of the evidence, and what the days that it did not see say of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.gates._columns import FREQUENT, Coded, coded
from everfit.statistics.hidden import Suspects, halves, suspects
from everfit.statistics.interval import FEWEST_CLUSTERS, count_clusters
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence

    Array = NDArray[np.float64]

RANGES = 10
"""A column of numbers with more values than this is cut into so many ranges of about equally many rows."""

WIDE = 50
"""With more columns than this only pairs are searched: triples are as many as the cube of the columns."""

PAIRS = 2


@dataclass(frozen=True, eq=False)
class Searched:
    """What was tested, the surest harm first, and in how many columns it was searched; `p` is that of the first."""

    parts: tuple[Detail, ...]
    columns: int
    p: float | None


def searched(values: Array, evidence: Evidence, bar: float, smallest: float, depth: int) -> Searched:
    """The groups that a search on every second day put forward, as the other days see them."""
    import numpy as np

    columns = list(_columns(evidence))
    if not columns:
        return Searched((), 0, None)
    found = suspects(
        np.stack([column.codes for column in columns]),
        tuple(len(column.names) for column in columns),
        values,
        evidence.clusters,
        bar=bar,
        share=smallest,
        ordered=tuple(column.ordered for column in columns),
        depth=depth if len(columns) <= WIDE else min(depth, PAIRS),
    )
    order = sorted(range(len(found.groups)), key=lambda place: (found.chances[place], -found.means.value[place]))
    parts = tuple(_part(found, place, columns, bar) for place in order)
    return Searched(parts, len(columns), found.chances[order[0]] if order else None)


def _columns(evidence: Evidence) -> Iterator[Coded]:
    """The columns that tell rows apart, each once: what two columns tell alike is told by the first."""
    told: set[bytes] = set()
    for name, values in evidence.about.items():
        column = _seen_on_enough_days(coded(name, values, ranges=RANGES, most=FREQUENT), evidence.clusters)
        same = column.codes.tobytes()
        if same not in told and (column.codes >= 0).any() and len(column.names) > 1:
            told.add(same)
            yield column


def _seen_on_enough_days(column: Coded, clusters: NDArray[np.int64]) -> Coded:
    """Without the values that come on too few days of either half to be judged: a date, or the heat of one week."""
    import numpy as np

    days, seen = np.unique(clusters, return_inverse=True)[1], halves(clusters)
    came = np.zeros((len(column.names), int(days.max()) + 1), dtype=bool)
    came[column.codes, days] = True
    of_half = np.zeros(came.shape[1], dtype=bool)
    of_half[days[seen]] = True
    enough = np.minimum(came[:, of_half].sum(axis=1), came[:, ~of_half].sum(axis=1)) >= FEWEST_CLUSTERS
    return column if enough.all() else replace(column, codes=np.where(enough[column.codes], column.codes, -1))


def _part(found: Suspects, place: int, columns: list[Coded], bar: float) -> Detail:
    means, one = found.means, found.groups[place]
    value, reach = float(means.value[place]), float(means.reach(found.level)[place])
    name = " and ".join(columns[part.column].name(part.first, part.last) for part in one.conditions)
    rows, days = int(means.rows[place]), int(means.clusters[place])
    outcome = Outcome.PASSED if value + reach < bar else Outcome.CANNOT_TELL
    outcome = Outcome.FAILED if found.counts[place] else outcome
    reason = f"{rows:,} rows of {days} days, p = {found.chances[place]:.2g}"
    return Detail(name, outcome, reason, value, value - reach, value + reach, bar, rows)


def too_few_to_halve(clusters: NDArray[np.int64]) -> str | None:
    """Why such days cannot be searched on one half and tested on the other, or None if they can."""
    days = count_clusters(clusters)
    if days // 2 >= FEWEST_CLUSTERS:
        return None
    return (
        f"the holdout covers {days} day{'' if days == 1 else 's'}, and it takes {2 * FEWEST_CLUSTERS} to search on "
        "half of them and test on the other: hold out more batches (window.holdout)"
    )
