"""The worst slices of a table, found exactly: every conjunction of a few column values is looked at or ruled out."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappushpop
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SLACK = 1e-9
"""A bound is a sum of the same numbers in another order: it rules out only what is below by more than rounding."""


@dataclass(frozen=True, order=True)
class Slice:
    """Rows in which each column of `columns` has the code beside it in `codes`."""

    score: float
    columns: tuple[int, ...]
    codes: tuple[int, ...]
    rows: int
    mean: float

    def of(self, table: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which rows of a table belong to it."""
        import numpy as np

        found = np.ones(table.shape[1], dtype=bool)
        for column, code in zip(self.columns, self.codes, strict=True):
            found &= table[column] == code
        return found


@dataclass(frozen=True)
class Score:
    """How bad a slice is: `weight * (mean error / usual error - 1) - (1 - weight) * (rows / its rows - 1)`.

    The first part grows with the slice's errors, the second shrinks as it gets smaller. `usual` is the mean of the
    errors' sizes: with errors of one sign the score of the paper.
    """

    rows: int
    usual: float
    weight: float
    least: int

    def of(self, total: Array, rows: Array) -> Array:
        """The score of slices with these sums and sizes; minus infinity for those that are too small."""
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            found = self._raw(total, rows)
        return np.where(rows >= self.least, found, -np.inf)

    def bound(self, plus: Array, rows: Array, largest: Array) -> Array:
        """What no part of a slice can score above, if its positive errors add up to `plus`, none above `largest`.

        A part has at most `rows` rows and at least `least`; of its size `s` its errors add up to at most `min(plus, s *
        largest)`. The score of that as a function of `s` rises while `s < plus / largest`, and from there falls or
        rises throughout, so that the highest is at one of the two ends (eq. 4 and 5 of the paper, for errors of any
        sign).
        """
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            turn = np.clip(np.where(largest > 0, plus / largest, rows), self.least, rows)
            best = np.maximum(*(self._raw(np.minimum(plus, size * largest), size) for size in (turn, rows)))
        return np.where(rows >= self.least, best, -np.inf)

    def _raw(self, total: Array, rows: Array) -> Array:
        return self.weight * (total / rows / self.usual - 1) - (1 - self.weight) * (self.rows / rows - 1)


@dataclass(frozen=True, eq=False)
class _Cells:
    """All conjunctions over some columns, an axis for each: sizes, sums, sums and maxima of the positive errors."""

    count: Array
    total: Array
    plus: Array
    largest: Array


def worst(
    table: NDArray[np.int64],
    sizes: tuple[int, ...],
    errors: Array,
    *,
    top: int = 10,
    weight: float = 0.95,
    least: int = 32,
    depth: int = 3,
) -> tuple[Slice, ...]:
    """The `top` slices of highest score among all conjunctions of up to `depth` columns with at least `least` rows.

    `table` has a row per column, and in it for each row of the data the code of its value, from 0 to the column's size
    in `sizes` less 1, or -1 for a value that belongs to no slice. `errors` may be of any sign. Best first.

    Level by level, as SliceLine does: a conjunction is looked at only if each of its parts is large enough and none of
    them rules out, by its size and its errors, a score among the best so far. What is ruled out is never among the
    best, so that the answer is that of looking at everything. All cells of a set of columns are counted in one pass,
    since for few values per column that is faster than the paper's sparse matrices.

    Source: Sagadeeva and Boehm, SliceLine, SIGMOD 2021, 2290-2299.

    >>> import numpy as np
    >>> carrier, origin = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 0, 1])
    >>> late = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    >>> worst(np.array([carrier, origin]), (2, 2), late, top=1, least=2)[0].codes  # both of carrier 1 from origin 1
    (1, 1)
    """
    import numpy as np

    usual = float(np.abs(errors).mean()) if len(errors) else 0.0
    if not usual:
        return ()
    score = Score(len(errors), usual, weight, least)
    best = _Best(top)
    known: dict[tuple[int, ...], _Cells] = {}
    columns: Iterable[int] = range(len(sizes))
    rows = _Rows(table, sizes, errors)
    for level in range(1, min(depth, len(sizes)) + 1):
        found: dict[tuple[int, ...], _Cells] = {}
        for chosen in _candidates(columns, known, level):
            if level > 1 and not _hopeful(chosen, known, score, best.bar):
                continue
            cells = rows.count(chosen, known)
            best.offer(chosen, cells, score)
            found[chosen] = cells
        known = found
        columns = sorted({column for chosen in known for column in chosen})
    return best.slices()


class _Best:
    """The best slices so far; of equal ones, those that are described by fewer and earlier columns."""

    def __init__(self, top: int) -> None:
        self._heap: list[tuple[float, tuple[int, ...], tuple[int, ...], int, float]] = [
            (-float("inf"), (), (), 0, 0.0)
        ] * top
        heapify(self._heap)

    @property
    def bar(self) -> float:
        """A slice that scores less is none of the best."""
        return self._heap[0][0]

    def offer(self, columns: tuple[int, ...], cells: _Cells, score: Score) -> None:
        """Keep what is good enough of these."""
        import numpy as np

        scores = score.of(cells.total, cells.count)
        for place in np.argwhere((scores > -np.inf) & (scores >= self.bar)):
            where = tuple(place.tolist())
            rows, worth = int(cells.count[where]), float(scores[where])
            if worth < self.bar:  # it rises as better ones come
                continue
            mean = float(cells.total[where]) / rows
            # negated, so that the heap throws out the longest and latest of equals first
            key = (worth, (-len(columns), *(-one for one in columns)), tuple(-one for one in where), rows, mean)
            heappushpop(self._heap, key)

    def slices(self) -> tuple[Slice, ...]:
        """Best first."""
        return tuple(
            Slice(worth, tuple(-one for one in columns[1:]), tuple(-one for one in codes), rows, mean)
            for worth, columns, codes, rows, mean in sorted(self._heap, reverse=True)
            if rows
        )


class _Rows:
    """The rows, counted by the values of several columns at once; what two sets of columns begin with is coded once."""

    def __init__(self, table: NDArray[np.int64], sizes: tuple[int, ...], errors: Array) -> None:
        import numpy as np

        self._sizes, self._errors, self._plus = sizes, errors, np.maximum(errors, 0)
        # rows of no slice have a code of their own, the last
        self._table = [np.where(codes < 0, size, codes) for codes, size in zip(table, sizes, strict=True)]
        self._begun: tuple[tuple[int, ...], NDArray[np.int64]] = (), np.zeros(len(errors), dtype=np.int64)

    def count(self, columns: tuple[int, ...], parts: dict[tuple[int, ...], _Cells]) -> _Cells:
        """The cells of these columns; `parts` are those of one column less."""
        import numpy as np

        codes = self._coded(columns)
        shape = tuple(self._sizes[column] + 1 for column in columns)
        inside = tuple(slice(0, -1) for _ in columns)

        def added(weights: Array | None) -> Array:
            sums = np.bincount(codes, weights=weights, minlength=int(np.prod(shape)))
            return sums.reshape(shape)[inside].astype(np.float64)

        count, total, plus = added(None), added(self._errors), added(self._plus)
        if len(columns) > 1:
            return _Cells(count, total, plus, _least(columns, parts, "largest"))
        largest = np.zeros(shape)
        np.maximum.at(largest, codes, self._plus)
        return _Cells(count, total, plus, largest[inside])

    def _coded(self, columns: tuple[int, ...]) -> NDArray[np.int64]:
        """One code for the values of all columns; sets come in order, so that one beginning serves many."""
        *begin, last = columns
        if not begin:
            return self._table[last]
        if self._begun[0] != tuple(begin):
            self._begun = tuple(begin), self._coded(tuple(begin))
        return self._begun[1] * (self._sizes[last] + 1) + self._table[last]


def _candidates(columns: Iterable[int], known: Container[tuple[int, ...]], level: int) -> Iterator[tuple[int, ...]]:
    """All sets of so many columns of which every smaller set was looked at."""
    for chosen in combinations(columns, level):
        if level == 1 or all(part in known for part in combinations(chosen, level - 1)):
            yield chosen


def _hopeful(columns: tuple[int, ...], parts: dict[tuple[int, ...], _Cells], score: Score, bar: float) -> bool:
    """Whether any conjunction over these columns could be among the best, for all that its parts say."""
    bound = score.bound(*(_least(columns, parts, what) for what in ("plus", "count", "largest")))
    return bool((bound >= bar - SLACK).any()) and bool((bound > -float("inf")).any())


def _least(columns: tuple[int, ...], parts: dict[tuple[int, ...], _Cells], what: str) -> Array:
    """The least that the parts of each conjunction, those of one column less, have of something."""
    import numpy as np

    found: Array | None = None
    for place in range(len(columns)):
        part = parts[columns[:place] + columns[place + 1 :]]
        values = getattr(part, what)[(slice(None),) * place + (None,)]
        found = values if found is None else np.minimum(found, values)
    return np.asarray(found)
