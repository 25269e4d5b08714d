"""The feature table as a file: features, label, time and batch of each row, and what a caller of the model sends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import Corrupted, SpecError
from everfit.features import Inputs
from everfit.values import dump, load

if TYPE_CHECKING:
    import pandas as pd

LABEL, TIME, BATCH = "__label", "__time", "__batch"
FORMAT = 1  # one more whenever the same data and code would give another table


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Labelled rows, oldest batch first.

    `frame` has the feature columns and `__label`, `__time` (UTC) and `__batch` (the partition). `example` is a few rows
    of INPUTS, as a caller would send them.
    """

    frame: pd.DataFrame
    inputs: Inputs
    example: pd.DataFrame

    @property
    def features(self) -> pd.DataFrame:
        """The feature columns alone."""
        return self.frame.drop(columns=[LABEL, TIME, BATCH])

    def of(self, partitions: tuple[str, ...]) -> FeatureTable:
        """The rows of some batches."""
        kept = self.frame[self.frame[BATCH].isin(partitions)].reset_index(drop=True)
        return FeatureTable(kept, self.inputs, self.example)

    def write(self, path: Path) -> None:
        """Write it as one parquet file. Errors: `SpecError` for a feature column that parquet cannot hold."""
        import pyarrow

        self.frame.attrs = {"inputs": dump(self.inputs), "example": _records(self.example)}
        try:
            self.frame.to_parquet(path, index=False)
        except (pyarrow.ArrowException, ValueError, TypeError) as error:
            raise SpecError(f"features() made a table that cannot be saved as parquet: {error}") from error

    @classmethod
    def read(cls, path: Path) -> FeatureTable:
        """Read what `write` wrote."""
        import pandas as pd

        frame = pd.read_parquet(path)
        try:
            inputs = load(Inputs, frame.attrs["inputs"])
            example = inputs.read(pd.DataFrame(frame.attrs["example"], columns=list(inputs.names)))
        except (KeyError, ValueError) as error:
            raise Corrupted(f"{path} is not a feature table that everfit wrote: {error}") from error
        frame.attrs = {}
        return cls(frame, inputs, example)


def _records(example: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain JSON values: a missing value is null, a time is text."""
    rows = example.astype(object).where(example.notna(), None).to_dict("records")
    return [{str(name): v.isoformat() if hasattr(v, "isoformat") else v for name, v in row.items()} for row in rows]
