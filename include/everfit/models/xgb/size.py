"""How much memory XGBoost will take to learn from some rows, said before it takes any.

The figures are those of XGBoost 3.2's `hist` on a CPU. It keeps each value as the number of its bin, twice: by row
(`GHistIndexMatrix`: one byte if no value is missing and a column has at most 256 bins, else four, and eight bytes for
each row) and by column (`ColumnMatrix`: one byte up to 256 bins, two up to 65,536, and a bit for whether it is
missing). While it grows trees it keeps for each row the gradient, the score and the row's place in the tree. In
external memory the bins stay in a file and a few pages of them are in memory at a time; what is kept for each row is
not less. The most of it is taken at one of three moments: while the bins are chosen from summaries of all columns,
while the rows are put into them, or while trees grow.

`tests/models/test_size.py` holds the figures against what was really taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from everfit.models.rows import Part

SMALL, MIDDLE = 256, 65_536  # bins that one byte and two bytes can tell apart
SPARSE = 0.2  # a column with less of its values present is kept by row and bin
EXTENT = 8  # bytes of a row's place
SUM = 16  # bytes of the gradients' sum in a bin of a histogram
NODES_KEPT = 2**16  # histograms that XGBoost keeps at most
FINER, ENTRY = 8, 36  # the summaries of a column have 8 entries for each bin, and so many bytes for each entry
LEAF = 200  # bytes of a leaf and what led to it, in the model and in its file
PAGES = 5  # in memory at once: three are read ahead, one is learnt from, one was
SLACK = 1.08  # what the allocator has not given back yet when the next is taken
FIXED = 12_000_000  # threads, buffers, what the allocator holds back
PAGE_CELLS = 2**21
PAGE_ROWS = 1024  # at least, however many columns there are


@dataclass(frozen=True)
class Survey:
    """What the rows of a part are like: how many, how many values of each column are there, and in what pieces."""

    rows: int
    present: tuple[int, ...]
    categories: tuple[int, ...]
    piece: int
    weighted: bool

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return len(self.present)

    @property
    def whole(self) -> bool:
        """True if no value is missing."""
        return all(present == self.rows for present in self.present)


def survey(part: Part) -> Survey:
    """Go over the rows once and count."""
    import numpy as np

    rows, piece, weighted = 0, 0, False
    present: Any = 0
    highest: Any = -1.0
    for block in part.pieces():
        present = present + block.rows - np.isnan(block.matrix).sum(axis=0)
        highest = np.fmax(highest, np.fmax.reduce(block.matrix, axis=0))  # passes over NaN
        rows, piece, weighted = rows + block.rows, max(piece, block.rows), weighted or block.weights is not None
    categories = tuple(map(int, np.atleast_1d(highest) + 1))
    return Survey(rows, tuple(map(int, np.atleast_1d(present))), categories, piece, weighted)


@dataclass(frozen=True)
class Trees:
    """How trees are grown: what the size follows from beside the rows. `outputs` are the trees of a round."""

    max_bin: int
    max_depth: int
    rounds: int
    outputs: int
    sampled: bool
    threads: int
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Need:
    """Bytes that a training takes at most: in memory, in external memory, and of disk for the latter."""

    in_memory: int
    external: int
    disk: int


def need(learnt: Survey, watched: Iterable[Survey], trees: Trees) -> Need:
    """What learning from some rows takes, with others watched meanwhile."""
    parts = [learnt, *watched]
    whole = sum(_bins(one, one.rows, trees) for one in parts)
    paged = sum(min(_bins(one, one.rows, trees), _pages(one, trees)) for one in parts)
    kept = FIXED + sum(_kept(one, trees) for one in parts)
    reading, choosing = _reading(learnt), _summaries(learnt, trees)
    growing = _growing(learnt, trees) + _histograms(learnt, trees) + _model(learnt, trees)
    in_memory, external = (kept + max(reading + choosing, reading + bins, bins + growing) for bins in (whole, paged))
    return Need(int(in_memory * SLACK), external, disk=whole)


def page_rows(columns: int) -> int:
    """Rows of a page in external memory."""
    return max(PAGE_ROWS, PAGE_CELLS // max(columns, 1))


def _bins(data: Survey, rows: int, trees: Trees) -> int:
    """So many of the rows as bins, by row and by column."""
    share = rows / max(data.rows, 1)
    widest = max([trees.max_bin, *(n for n, kind in zip(data.categories, trees.kinds, strict=True) if kind == "c")])
    byte = 1 if widest <= SMALL else 2 if widest <= MIDDLE else 4
    by_row = rows * data.columns * byte if data.whole else share * sum(data.present) * 4
    by_column = sum(
        rows * byte + rows / 8 if present >= SPARSE * data.rows else share * present * (byte + EXTENT)
        for present in data.present
    )
    return int(by_row + rows * EXTENT + by_column)


def _pages(data: Survey, trees: Trees) -> int:
    """What is in memory of bins that are kept in pages on disk."""
    return PAGES * _bins(data, page_rows(data.columns), trees)


def _kept(data: Survey, trees: Trees) -> int:
    """Of each row: its label, its weight if it has one, its scores."""
    return data.rows * (4 + 4 * data.weighted + 4 * trees.outputs)


def _growing(data: Survey, trees: Trees) -> int:
    """Of each row: the gradients, again those of a sample, the row's place and node, and where it goes next."""
    return data.rows * ((1 + trees.sampled) * 8 * trees.outputs + 2 * EXTENT + 2 * 4)


def _histograms(data: Survey, trees: Trees) -> int:
    """The sums of each node that is split, and for each thread those of the node that it shares with the one before."""
    bins = sum(
        max(categories, 1) if kind == "c" else min(trees.max_bin, max(present, 1))
        for categories, kind, present in zip(data.categories, trees.kinds, data.present, strict=True)
    )
    return bins * SUM * (min(1 << trees.max_depth, NODES_KEPT, data.rows) + trees.threads)


def _model(data: Survey, trees: Trees) -> int:
    return trees.rounds * trees.outputs * min(1 << trees.max_depth, data.rows) * LEAF


def _reading(data: Survey) -> int:
    """The piece that is being read, as it comes (8 bytes a value) and encoded, and the one before."""
    return data.piece * data.columns * (8 + 4 + 4)


def _summaries(data: Survey, trees: Trees) -> int:
    """What XGBoost's sketch (`WQuantileSketch`) keeps of each quantity: levels, the more the more rows there are."""
    level = 1
    while (level * FINER * trees.max_bin + 1) << level < data.rows:
        level += 1
    return trees.kinds.count("q") * ENTRY * level * min(level * FINER * trees.max_bin + 1, data.rows)
