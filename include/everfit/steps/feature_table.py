"""The feature table as a file: features, label, time and batch of each row, and what a caller of the model sends.

The file has row groups of one batch each, none of them large: a reader takes the batches that it needs, a group at a
time, and knows their rows without reading them.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import Corrupted, SpecError
from everfit.features import Inputs, Ranges, Seen
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

TOLD = b"PANDAS_ATTRS"  # where pandas too keeps what is told of a frame
PIECE_CELLS = 2**22
LABEL, TIME, BATCH = "__label", "__time", "__batch"
WEIGHT, GROUP, OBSERVED = "__weight", "__group", "__observed"
OURS = "__"
SEEN = b"everfit.seen"  # beside what pandas keeps, which it reads again for every frame
FORMAT = 3  # one more whenever the same data and code would give another table


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Labelled rows, oldest batch first.

    `frame` has the feature columns and `__label`, `__time` (UTC) and `__batch` (the partition); where the spec asks for
    them also `__weight`, `__group` (a number; the rows of a group lie side by side) and `__observed`. The label of a
    multiclass task is the place of its class in `classes`, which are those of the training rows, or after them in
    `strangers`, which only held-out rows have. `example` is a few rows of INPUTS, as a caller would send them. `seen`
    is what the inputs of each batch's rows held, by partition.
    """

    frame: pd.DataFrame
    inputs: Inputs
    example: pd.DataFrame
    classes: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)

    @property
    def features(self) -> pd.DataFrame:
        """The feature columns alone."""
        return self.frame.drop(columns=[name for name in self.frame.columns if name.startswith(OURS)])

    def of(self, partitions: tuple[str, ...]) -> FeatureTable:
        """The rows of some batches."""
        kept = self.frame[self.frame[BATCH].isin(partitions)].reset_index(drop=True)
        return replace(self, frame=kept)

    def write(self, path: Path) -> None:
        """Write it as one parquet file. Errors: `SpecError` for a feature column that parquet cannot hold."""
        self.write_rows(path, _runs(self.frame))

    def write_rows(self, path: Path, batches: Iterable[pd.DataFrame]) -> None:
        """Write these batches' rows as the table, one batch in memory at a time, instead of its own rows.

        The columns become what they are when all is in one frame: for that, this table has a row of each kind of value
        that a batch has in a column. Errors: as `write`.
        """
        import pyarrow as pa
        from pyarrow import parquet

        said: dict[str, Any] = {"inputs": dump(self.inputs), "example": _records(self.example)}
        if self.classes:
            said |= {"classes": list(self.classes), "strangers": list(self.strangers)}
        try:
            schema = pa.Schema.from_pandas(self.frame, preserve_index=False)
            kept = {TOLD: json.dumps(said).encode()}
            if self.seen:
                kept[SEEN] = canonical({name: dump(one) for name, one in self.seen.items()})
            schema = schema.with_metadata({**(schema.metadata or {}), **kept})
            with parquet.ParquetWriter(path, schema) as writer:
                for rows in filter(len, batches):
                    frame = rows.reindex(columns=self.frame.columns).astype(self.frame.dtypes)
                    table = pa.Table.from_pandas(frame, schema, preserve_index=False)
                    writer.write_table(table, row_group_size=piece_rows(table.num_columns))
        except (pa.ArrowException, ValueError, TypeError) as error:
            raise SpecError(f"features() made a table that cannot be saved as parquet: {error}") from error

    @classmethod
    def read(cls, path: Path) -> FeatureTable:
        """Read what `write` wrote, all of it into memory; `TableFile` is for a table that may be large."""
        table = TableFile.open(path)
        return cls(table.frame(), table.inputs, table.example, table.classes, table.strangers)


@dataclass(frozen=True, eq=False)
class TableFile:
    """A feature table that stays in its file: what it holds is known, and rows are read when they are asked for."""

    path: Path
    schema: pa.Schema
    inputs: Inputs
    example: pd.DataFrame
    classes: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: Path) -> TableFile:
        """Look into a file that `FeatureTable.write` wrote. Errors: `Corrupted` if it did not."""
        import pandas as pd
        from pyarrow import parquet

        schema = parquet.read_schema(path)
        try:
            told = json.loads((schema.metadata or {})[TOLD])
            inputs = load(Inputs, told["inputs"])
            example = inputs.read(pd.DataFrame(told["example"], columns=list(inputs.names)))
            classes, strangers = (tuple(told.get(name, ())) for name in ("classes", "strangers"))
        except (KeyError, ValueError) as error:
            raise Corrupted(f"{path} is not a feature table that everfit wrote: {error}") from error
        return cls(path, schema, inputs, example, classes, strangers)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the feature columns."""
        return tuple(name for name in self.schema.names if not name.startswith(OURS))

    @property
    def told(self) -> tuple[str, ...]:
        """The names of the other columns: label, time, batch, and what else the spec asks for."""
        return tuple(name for name in self.schema.names if name.startswith(OURS))

    @cached_property
    def largest_label(self) -> float:
        """The largest number that a row is labelled with, whatever its sign."""
        return float(self.frame(None, [LABEL])[LABEL].abs().max())

    def ranges(self, partitions: Sequence[str]) -> Ranges | None:
        """What the rows of some batches allow a caller to send; None if nobody kept what they held."""
        told = json.loads((self.schema.metadata or {}).get(SEEN, b"{}"))
        return Ranges.merged([load(Seen, told[name]) for name in partitions]) if told else None

    def rows(self, partitions: Sequence[str]) -> int:
        """How many rows some batches have: nothing but the file's own summary is read."""
        with self._file() as file:
            groups = _groups(file, partitions)
            counted = sum(int(file.metadata.row_group(group).num_rows) for group, whole in groups if whole)
            mixed = [group for group, whole in groups if not whole]
            return counted + sum(int(batch.num_rows) for batch in _read(file, mixed, [], partitions))

    def batches(self, partitions: Sequence[str], names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns of the rows of some batches, in the table's order, a bounded number of rows at a time.

        At the end Arrow's pool is asked to give back what it holds for the next reading: of 3.4 million rows of 27
        columns it kept 130 MB, which training in external memory does without.
        """
        import pyarrow as pa

        with self._file() as file:
            for group, whole in _groups(file, partitions):
                yield from _read(file, [group], names, None if whole else partitions)
        pa.default_memory_pool().release_unused()

    def of(self, partitions: Sequence[str], names: Sequence[str] | None = None) -> FeatureTable:
        """The rows of some batches in memory, of some columns or of all."""
        frame = self.frame(partitions, names)
        return FeatureTable(frame, self.inputs, self.example, self.classes, self.strangers)

    def frame(self, partitions: Sequence[str] | None = None, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows in memory: those of some batches (else all), of some columns (else all)."""
        import pyarrow as pa

        names = self.schema.names if names is None else names
        schema = pa.schema([self.schema.field(name) for name in names], metadata=self.schema.metadata)
        with self._file([]) as file:
            every = [(group, True) for group in range(file.num_row_groups)]
            groups = every if partitions is None else _groups(file, partitions)
            read = [b for group, whole in groups for b in _read(file, [group], names, None if whole else partitions)]
        frame: pd.DataFrame = pa.Table.from_batches([batch.select(names) for batch in read], schema).to_pandas()
        return frame

    def _file(self, by_value: Sequence[str] | None = None) -> parquet.ParquetFile:
        """Opened so that texts come as categories: a text is made once for each value, not once for each row."""
        import pyarrow as pa
        from pyarrow import parquet

        text = [f.name for f in self.schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        return parquet.ParquetFile(self.path, read_dictionary=text if by_value is None else by_value, pre_buffer=False)


def piece_rows(columns: int) -> int:
    """How many rows of a table are read, and learnt from, at a time: 65,536, or fewer of a wide one.

    >>> piece_rows(27), piece_rows(500)
    (65536, 8192)
    """
    return 1 << max(10, min(16, (PIECE_CELLS // max(columns, 1)).bit_length() - 1))


def _runs(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The table cut where its batch changes."""
    begin = 0
    for _, rows in itertools.groupby(frame[BATCH].tolist()):
        yield frame.iloc[begin : (begin := begin + sum(1 for _ in rows))]


def _groups(file: parquet.ParquetFile, partitions: Sequence[str]) -> list[tuple[int, bool]]:
    """The row groups that rows of some batches are in, and whether all of their rows are."""
    wanted, found = set(partitions), []
    column = next(n for n in range(file.metadata.num_columns) if file.schema.column(n).path == BATCH)
    for group in range(file.num_row_groups):
        told = file.metadata.row_group(group).column(column).statistics
        if told is None or not told.has_min_max or told.min != told.max:
            found.append((group, False))
        elif told.min in wanted:
            found.append((group, True))
    return found


def _read(
    file: parquet.ParquetFile, groups: Sequence[int], names: Sequence[str], partitions: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """Columns of some row groups; with `partitions`, only the rows of those, and `__batch` beside the columns."""
    import pyarrow as pa
    from pyarrow import compute

    columns = [*names] if partitions is None else [*dict.fromkeys([*names, BATCH])]
    for batch in file.iter_batches(piece_rows(len(file.schema_arrow)), row_groups=[*groups], columns=columns):
        if partitions is None:
            yield batch
        else:
            yield batch.filter(compute.is_in(batch.column(BATCH).cast(pa.string()), pa.array([*partitions])))


def _records(example: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain JSON values: a missing value is null, a time is text."""
    rows = example.astype(object).where(example.notna(), None).to_dict("records")
    return [{str(name): v.isoformat() if hasattr(v, "isoformat") else v for name, v in row.items()} for row in rows]
