"""Signs of a broken table that one column alone does not show: rows, columns and names that were mixed up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from everfit.statistics.auc import midranks
from everfit.statistics.decay.bugs import JUMP, Bug, Kind, apart, broken, same
from everfit.statistics.decay.columns import Column, Look, look
from everfit.statistics.domain import sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

MOST = 5_000
"""So many rows of a window are held against each other."""

GOES_TOGETHER = 0.2
"""Columns with a smaller rank correlation say nothing of each other's signs."""

SURE = 4.0
"""And what they say has to be sure by so many standard errors, by day: weekday and weather of a month go together by
chance, for all rows of a day have the same of either."""

LOST = 0.3
"""Of a correlation less than this is left when rows were mixed up."""

UNLIKE = 0.5
"""Columns that are nearer than this, in standard deviations, are too much alike to say that they changed places."""

FITS, OFF = 3.0, 5.0
"""Names changed places if, as swapped, they are off by less than the first (mean square, in standard errors), and by
more than the second (at most, in standard errors) as they were."""


def find(
    old: Sequence[Column],
    new: Sequence[Column],
    days: tuple[Whole, Whole],
    labels: tuple[Array, Array] | None = None,
) -> tuple[Bug, ...]:
    """Everything that is broken in the window: each column once, by the surest sign; `days` are the rows' clusters.

    First what a column shows alone (`bugs.broken`). Then what it shows beside others: two columns that have each
    other's values; a column that goes against its neighbours as much as it went with them (its sign), or has nothing
    to do with them any more though its own values are what they were (rows joined wrongly); names that have each
    other's rows; rows that are there more than once. What nobody can tell from an honest change is not in here: the
    sign of a symmetric column that goes with no other, columns of like values that changed places. `labels`, where they
    are known, tell names that have each other's rows from names that are as frequent as the other was.
    """
    looks = [(look(a, days[0]), look(b, days[1])) for a, b in zip(old, new, strict=True)]
    found = [bug for column, pair in zip(new, looks, strict=True) if (bug := broken(column.name, *pair))]
    found = [*_swapped_columns(found, new, looks)]
    done = {name for bug in found for name in bug.columns}
    found += _mixed_up(old, new, looks, days, done)
    beside = [[Column("label", side)] for side in labels] if labels else [[], []]
    found += _swapped_names([*old, *beside[0]], [*new, *beside[1]], done)
    found += _duplicates(old, new)
    return tuple(_lost_joins(found, new))


def _lost_joins(found: Sequence[Bug], new: Sequence[Column]) -> list[Bug]:
    """Columns that miss the same rows lost the same partner."""
    import numpy as np

    gone = {column.name: np.isnan(column.values) for column in new}
    groups: list[list[Bug]] = []
    for bug in (bug for bug in found if bug.kind == "missing"):
        mask = gone[bug.columns[0]]
        for group in groups:
            there = gone[group[0].columns[0]]
            if (mask & there).sum() > 0.9 * (mask | there).sum():
                group.append(bug)
                break
        else:
            groups.append([bug])
    joins = [
        Bug("lost_join", tuple(bug.columns[0] for bug in group), max(bug.share for bug in group), group[0].because)
        for group in groups
        if len(group) > 1
    ]
    lost = {name for join in joins for name in join.columns}
    return [*joins, *(bug for bug in found if bug.kind != "missing" or bug.columns[0] not in lost)]


def _swapped_columns(found: list[Bug], new: Sequence[Column], looks: Sequence[tuple[Look, Look]]) -> list[Bug]:
    """Two columns of which each now looks as the other did; told before what each shows alone."""
    count = len(looks)
    for i in range(count):
        for j in range(i + 1, count):
            (old_i, new_i), (old_j, new_j) = looks[i], looks[j]
            kept = same(old_i, new_i) or same(old_j, new_j) or apart(old_i, old_j) < UNLIKE
            if not kept and same(old_i, new_j) and same(old_j, new_i):
                pair = (new[i].name, new[j].name)
                rest = [bug for bug in found if not set(bug.columns) & set(pair)]
                return [*rest, Bug("swapped_columns", pair, 1.0, f"{pair[0]} looks as {pair[1]} did, and vice versa")]
    return found


def _mixed_up(
    old: Sequence[Column],
    new: Sequence[Column],
    looks: Sequence[tuple[Look, Look]],
    days: tuple[Whole, Whole],
    done: set[str],
) -> list[Bug]:
    """Columns whose correlations with others all changed sign, or are all gone though their values are the same."""
    import numpy as np

    left = [k for k, column in enumerate(new) if column.name not in done and not column.categories]
    chosen = [k for k in left if looks[k][0].spread > 0]
    if len(chosen) < 2:  # noqa: PLR2004 - it takes two
        return []
    (before, error), (now, error_now) = (
        _correlations([side[k] for k in chosen], day) for side, day in zip((old, new), days, strict=True)
    )
    partners = np.abs(before) >= np.maximum(GOES_TOGETHER, SURE * error)
    turned = (now * before < 0) & (np.abs(now + before) < np.abs(before) / 2)
    against = partners & turned & (np.abs(now) > SURE * error_now)
    less = np.abs(before) - np.abs(now)
    lost = partners & (np.abs(now) < LOST * np.abs(before)) & (less > SURE * np.hypot(error, error_now))
    alike = np.array([same(*looks[k]) for k in chosen])
    names = [new[k].name for k in chosen]
    return [
        *_culprits("sign", against, partners, names, "against the columns that it went with"),
        *_culprits("shuffled", lost & alike, partners, names, "no more with the columns that it went with"),
    ]


def _culprits(
    kind: Kind, odds: NDArray[np.bool_], partners: NDArray[np.bool_], names: Sequence[str], because: str
) -> list[Bug]:
    """The fewest columns that explain all pairs at odds: one is at odds with all its partners, most of them first.

    Of two columns that go with each other alone nobody can say which one it is: both are named.
    """
    found: list[Bug] = []
    while odds.any():
        whole = (odds.sum(axis=0) == partners.sum(axis=0)) & odds.any(axis=0)
        if not whole.any():
            break
        worst = int((odds.sum(axis=0) * whole).argmax())
        others = odds[:, worst].nonzero()[0]
        both = [worst, *others] if len(others) == 1 and whole[others[0]] else [worst]
        found.append(Bug(kind, tuple(names[k] for k in both), 1.0, f"goes {because}"))
        odds, partners = odds.copy(), partners.copy()
        for matrix in (odds, partners):
            matrix[worst] = matrix[:, worst] = False
    return found


def _correlations(columns: Sequence[Column], days: Whole) -> tuple[Array, Array]:
    """Rank correlations of all pairs, and their standard errors by day (by how much each day moves them)."""
    import numpy as np

    rows = sample(len(columns[0].values), MOST, 0)
    ranks = []
    for column in columns:
        values = column.values[rows]
        gone = np.isnan(values)
        rank = midranks(np.where(gone, np.nanmedian(values) if not gone.all() else 0.0, values))
        off = rank - rank.mean()
        size = float(np.sqrt(np.sum(off**2)))
        ranks.append(off / size if size else off)
    stacked = np.array(ranks)
    found = stacked @ stacked.T
    squares = np.zeros_like(found)
    order = np.argsort(days[rows], kind="stable")
    for day in np.split(order, np.flatnonzero(np.diff(days[rows][order])) + 1):
        part, own = stacked[:, day], (stacked[:, day] ** 2).sum(axis=1)
        squares += (part @ part.T - found / 2 * (own[:, None] + own)) ** 2
    np.fill_diagonal(found, 0.0)
    return np.asarray(found), np.sqrt(squares)


def _swapped_names(old: Sequence[Column], new: Sequence[Column], done: set[str]) -> list[Bug]:
    """Categories whose names have each other's rows: as many, and beside the same values of the other columns."""
    found = []
    for k, column in enumerate(new):
        if not column.categories or column.name in done or set(column.categories) != set(old[k].categories):
            continue
        swapped = _permuted(*_profiles(k, old, new))
        if swapped:
            names = [old[k].categories[one] for one in swapped]
            found.append(Bug("swapped_names", (column.name,), 1.0, f"{', '.join(names)} have each other's rows"))
    return found


def _permuted(before: Array, now: Array, errors: Array) -> tuple[int, ...]:
    """Which names changed places, if that explains the profiles and nothing else does."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    off = np.abs(now[:, None] - before[None]) / errors[:, None]
    cost = np.mean(off**2, axis=2)
    rows, places = linear_sum_assignment(np.minimum(cost, 1e6))
    moved = rows[rows != places]
    if not len(moved):
        return ()
    fits = cost[moved, places[moved]].max() < FITS and off.max(axis=2)[moved, moved].min() > OFF
    return tuple(int(one) for one in moved) if fits else ()


def _profiles(k: int, old: Sequence[Column], new: Sequence[Column]) -> tuple[Array, Array, Array]:
    """Of each name: its share, and the mean of each quantity beside it, in both windows; and the standard errors."""
    import numpy as np

    base = old[k]
    size = len(base.categories)
    quantities = [j for j, column in enumerate(old) if not column.categories]
    profiles, errors = [], []
    scales = [_scale(old[j].values) for j in quantities]
    for side in (old, new):
        codes = side[k].named_as(base)
        there = ~np.isnan(codes)
        whole = codes[there].astype(np.int64)
        counts = np.bincount(whole, minlength=size)[:size].astype(np.float64)
        share = counts / max(counts.sum(), 1.0)
        parts, errs = [share], [np.sqrt(share * (1 - share) / max(counts.sum(), 1.0)) + 1e-3]
        for j, (middle, spread) in zip(quantities, scales, strict=True):
            values = np.nan_to_num(np.clip((side[j].values[there] - middle) / spread, -4, 4))
            mean = np.bincount(whole, weights=values, minlength=size)[:size] / np.maximum(counts, 1.0)
            parts.append(mean)
            errs.append(1 / np.sqrt(np.maximum(counts, 1.0)))
        profiles.append(np.column_stack(parts))
        errors.append(np.column_stack(errs))
    return profiles[0], profiles[1], np.sqrt(errors[0] ** 2 + errors[1] ** 2)


def _scale(values: Array) -> tuple[float, float]:
    import numpy as np

    there = values[~np.isnan(values)]
    return (float(np.median(there)), float(there.std()) or 1.0) if len(there) else (0.0, 1.0)


def _duplicates(old: Sequence[Column], new: Sequence[Column]) -> list[Bug]:
    """Rows that are there more than once, in a table in which hardly any were."""
    rows = len(old[0].values)
    before, now = _repeated(old, rows), _repeated(new, 4 * rows)  # of many more rows more are alike by chance
    if before > JUMP or now - before < JUMP:
        return []
    return [Bug("duplicates", (), now, f"{now:.1%} of the rows are there more than once, {before:.1%} before")]


def _repeated(columns: Sequence[Column], rows: int) -> float:
    """The share of rows that equal an earlier one, by a random sum of their values."""
    import numpy as np

    random = np.random.default_rng(0)
    total = np.zeros(min(rows, len(columns[0].values)))
    for column in columns:
        values = column.values[:rows]
        total += np.where(np.isnan(values), random.normal(), values * random.normal())
    return 1 - len(np.unique(total)) / len(total)
