"""The rows of a feature table that an algorithm learns from, a piece at a time: memory does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from everfit.features import Columns, encode_batch, learn_columns
from everfit.models import Rows
from everfit.steps.feature_table import GROUP, LABEL, OBSERVED, TableFile, piece_rows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


def learn_from(table: TableFile, partitions: Sequence[str]) -> Columns:
    """The columns of the matrix, learnt from some batches of the table."""
    return learn_columns(table.schema, table.features, lambda names: table.batches(partitions, names))


@dataclass(frozen=True, eq=False)
class FeatureRows:
    """Some batches of a feature table as a `Part`: read, encoded and forgotten, as often as it is asked for.

    The pieces follow from the table alone: equally many rows in each but the last. `weights` has one for each row. Rows
    of a class that no training row has are left out: no curve can be drawn of them. The gates see all of them.
    """

    table: TableFile
    partitions: tuple[str, ...]
    columns: Columns
    weights: NDArray[np.float32] | None = None

    @cached_property
    def rows(self) -> int:
        """How many there are."""
        if not self.table.strangers:
            return self.table.rows(self.partitions)
        return int((self.table.frame(self.partitions, [LABEL])[LABEL] < len(self.table.classes)).sum())

    def pieces(self) -> Iterator[Rows]:
        """All of them, oldest batch first."""
        most = piece_rows(len(self.columns.columns))
        begin, waiting = 0, list[Any]()
        told = [name for name in (LABEL, GROUP, OBSERVED) if name in self.table.told]
        for batch in self.table.batches(self.partitions, [*self.columns.names, *told]):
            waiting.append(batch)
            while sum(map(len, waiting)) >= most:
                taken, waiting = _cut(waiting, most)
                yield self._piece(taken, begin)
                begin += most
        if sum(map(len, waiting)):
            yield self._piece(waiting, begin)

    def _piece(self, batches: Sequence[pa.RecordBatch], first: int) -> Rows:
        import numpy as np

        rows = sum(map(len, batches))
        matrix = np.empty((rows, len(self.columns.columns)), dtype=np.float32)
        begin = 0
        for batch in batches:
            encode_batch(self.columns, batch, into=matrix[begin : begin + batch.num_rows])
            begin += batch.num_rows
        weights = None if self.weights is None else self.weights[first : first + rows]
        labels = _column(batches, LABEL).astype(np.float32)
        made = Rows(matrix, labels, weights, self._told(batches, GROUP), self._told(batches, OBSERVED))
        return made.take(labels < len(self.table.classes)) if self.table.strangers else made

    def _told(self, batches: Sequence[pa.RecordBatch], name: str) -> NDArray[Any] | None:
        return _column(batches, name) if name in self.table.told else None


def _column(batches: Sequence[pa.RecordBatch], name: str) -> NDArray[Any]:
    import numpy as np

    return np.concatenate([batch.column(name).to_numpy(zero_copy_only=False) for batch in batches])


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
