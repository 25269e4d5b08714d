"""The feature table as a file: features, label, time and batch of each row, and what a caller of the model sends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import Corrupted, SpecError
from everfit.features import Inputs
from everfit.values import dump, load

if TYPE_CHECKING:
    import pandas as pd

LABEL, TIME, BATCH = "__label", "__time", "__batch"
WEIGHT, GROUP, OBSERVED = "__weight", "__group", "__observed"
OURS = "__"
FORMAT = 1  # one more whenever the same data and code would give another table


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Labelled rows, oldest batch first.

    `frame` has the feature columns and `__label`, `__time` (UTC) and `__batch` (the partition); where the spec asks for
    them also `__weight`, `__group` (a number; the rows of a group lie side by side) and `__observed`. The label of a
    multiclass task is the place of its class in `classes`, which are those of the training rows, or after them in
    `strangers`, which only held-out rows have. `example` is a few rows of INPUTS, as a caller would send them.
    """

    frame: pd.DataFrame
    inputs: Inputs
    example: pd.DataFrame
    classes: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()

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
        import pyarrow

        self.frame.attrs = {"inputs": dump(self.inputs), "example": _records(self.example)}
        if self.classes:
            self.frame.attrs |= {"classes": list(self.classes), "strangers": list(self.strangers)}
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
            classes, strangers = (tuple(frame.attrs.get(name, ())) for name in ("classes", "strangers"))
        except (KeyError, ValueError) as error:
            raise Corrupted(f"{path} is not a feature table that everfit wrote: {error}") from error
        frame.attrs = {}
        return cls(frame, inputs, example, classes, strangers)


def _records(example: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain JSON values: a missing value is null, a time is text."""
    rows = example.astype(object).where(example.notna(), None).to_dict("records")
    return [{str(name): v.isoformat() if hasattr(v, "isoformat") else v for name, v in row.items()} for row in rows]
