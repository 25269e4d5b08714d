"""The rows of an accepted batch, as the feature code makes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.features import FeatureCode
from everfit.steps.fetching import fetch
from everfit.validation.read import read_table

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import Batch


def read_tables(spec: ModelSpec, folder: Path) -> Mapping[str, pd.DataFrame]:
    """The tables of a batch by name, the main table first; the files of one table are read as one."""
    parts = spec.data.parts(path.name for path in folder.iterdir())
    return {
        name: _together([read_table(folder / one) for one in parts[name] or (table.file,)])
        for name, table in spec.data.tables.items()
    }


def batch_rows(ports: Ports, spec: ModelSpec, code: FeatureCode, batch: Batch) -> pd.DataFrame:
    """One row per example of the batch, labelled or not, straight from the data store and checked against its hash."""
    return code.rows(read_tables(spec, fetch(ports, spec.name, batch)))


def _together(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if len(frames) == 1:
        return frames[0]
    import pandas as pd

    return pd.concat(frames, ignore_index=True)
