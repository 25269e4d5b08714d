"""The rows of a feature table that an algorithm learns from, a piece at a time: memory does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from everfit.features import Columns, encode_batch, learn_columns
from everfit.models import Rows
from everfit.steps.feature_table import LABEL, TableFile, piece_rows

if TYPE_CHECKING:
    import pyarrow as pa


def learn_from(table: TableFile, partitions: Sequence[str]) -> Columns:
    """The columns of the matrix, learnt from some batches of the table."""
    return learn_columns(table.schema, table.features, lambda names: table.batches(partitions, names))


@dataclass(frozen=True, eq=False)
class FeatureRows:
    """Some batches of a feature table as a `Part`: read, encoded and forgotten, as often as it is asked for.

    The pieces follow from the table alone: equally many rows in each but the last.
    """

    table: TableFile
    partitions: tuple[str, ...]
    columns: Columns

    @cached_property
    def rows(self) -> int:
        """How many there are."""
        return self.table.rows(self.partitions)

    def pieces(self) -> Iterator[Rows]:
        """All of them, oldest batch first."""
        most = piece_rows(len(self.columns.columns))
        waiting: list[pa.RecordBatch] = []
        for batch in self.table.batches(self.partitions, [*self.columns.names, LABEL]):
            waiting.append(batch)
            while sum(map(len, waiting)) >= most:
                taken, waiting = _cut(waiting, most)
                yield self._piece(taken)
        if sum(map(len, waiting)):
            yield self._piece(waiting)

    def _piece(self, batches: Sequence[pa.RecordBatch]) -> Rows:
        import numpy as np

        rows = sum(map(len, batches))
        matrix = np.empty((rows, len(self.columns.columns)), dtype=np.float32)
        labels = np.empty(rows, dtype=np.float32)
        begin = 0
        for batch in batches:
            end = begin + batch.num_rows
            encode_batch(self.columns, batch, into=matrix[begin:end])
            labels[begin:end] = batch.column(LABEL).to_numpy(zero_copy_only=False)
            begin = end
        return Rows(matrix, labels)


def _cut(batches: Sequence[pa.RecordBatch], rows: int) -> tuple[list[pa.RecordBatch], list[pa.RecordBatch]]:
    """The first `rows` of some batches, and the rest."""
    taken, rest = [], list(batches)
    while rows:
        first = rest.pop(0)
        taken.append(first.slice(0, rows))
        if first.num_rows > rows:
            rest.insert(0, first.slice(rows))
        rows -= taken[-1].num_rows
    return taken, rest
