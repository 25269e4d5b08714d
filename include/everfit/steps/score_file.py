"""The file of scores: Parquet, one row per prediction, written a piece at a time and the same to the byte each time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError, did_you_mean
from everfit.steps.score_asked import score_part

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from everfit.spec import ModelSpec
    from everfit.steps.score_deal import Answers

PLACE = 9  # digits of a row's place in a prediction's id


@dataclass
class ScoreFile:
    """A file that is being written: the columns are those of its first piece.

    `id` (`stem` and the row's place), the key that the spec names, `time` (UTC), `model`, `version`, `score` or one
    `score_<name>` for each class or quantile, `flags`.
    """

    spec: ModelSpec
    path: Path
    stem: str
    said: Mapping[str, Any]
    rows: int = 0
    _writer: Any = field(default=None, repr=False)

    def add(self, start: int, rows: pd.DataFrame, answers: Answers, mask: Any = None) -> None:
        """Write some rows, or those of them that `mask` says.

        Errors: `SpecError` for a key or a time that rows() does not make, or that Parquet cannot hold.
        """
        import pyarrow as pa
        from pyarrow import parquet

        try:
            table = pa.table(self._columns(start, rows, answers))
            table = table if mask is None else table.filter(pa.array(mask))
            if self._writer is None:
                kinds = [one.with_type(pa.string()) if pa.types.is_null(one.type) else one for one in table.schema]
                metadata = {b"everfit": json.dumps(dict(self.said), sort_keys=True).encode()}
                self._writer = parquet.ParquetWriter(self.path, pa.schema(kinds, metadata))
            self._writer.write_table(table.cast(self._writer.schema))
        except (pa.ArrowException, ValueError, TypeError) as error:
            raise SpecError(
                f"{self.spec.name}: the columns of score.key cannot be written beside the scores: {error}"
            ) from error
        self.rows += table.num_rows

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()

    def _columns(self, start: int, rows: pd.DataFrame, answers: Answers) -> dict[str, pa.Array]:
        import numpy as np
        import pyarrow as pa
        from pyarrow import compute

        places = compute.utf8_lpad(pa.array(np.arange(start, start + len(rows))).cast(pa.string()), PLACE, "0")
        made = {"id": compute.binary_join_element_wise(self.stem, places, "-")}
        made |= {name: _array(self._column(rows, name)) for name in score_part(self.spec).key}
        made["time"] = _time(self._column(rows, self.spec.time))
        made |= {"model": pa.repeat(self.spec.name, len(rows)), "version": pa.array(answers.versions)}
        for place, name in enumerate(answers.names):
            made[f"score_{name}" if name else "score"] = pa.array(answers.scores[:, place], from_pandas=True)
        return made | {"flags": pa.array(answers.flags, pa.list_(pa.string()))}

    def _column(self, rows: pd.DataFrame, name: str) -> pd.Series[Any]:
        if name not in rows.columns:
            known = did_you_mean(name, map(str, rows.columns))
            raise SpecError(f"rows() makes no column {name!r}, which {self.spec.name} writes beside its scores{known}")
        return rows[name]


@contextmanager
def writing(spec: ModelSpec, path: Path, stem: str, said: Mapping[str, Any]) -> Iterator[ScoreFile]:
    """A file to add pieces to, finished at the end of the block."""
    file = ScoreFile(spec, path, stem, said)
    try:
        yield file
    finally:
        file.close()


def _array(values: pd.Series[Any]) -> pa.Array:
    import pyarrow as pa

    made = pa.array(values, from_pandas=True)
    return made.cast(made.type.value_type) if pa.types.is_dictionary(made.type) else made


def _time(values: pd.Series[Any]) -> pa.Array:
    import pandas as pd
    import pyarrow as pa

    return pa.array(pd.to_datetime(values, utc=True), pa.timestamp("us", "UTC"), from_pandas=True)
