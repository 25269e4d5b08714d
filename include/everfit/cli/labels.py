"""Say what came of predictions: labels from a CSV or Parquet file.

The file has the columns id (the answer's header X-Everfit-Prediction), label, and row where requests have several (from
0). Labels may come late and be corrected: the newest counts. An empty label takes an earlier one back.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from everfit.cli.opened import now, opened
from everfit.errors import DataError
from everfit.spec import load_spec

if TYPE_CHECKING:
    from everfit.predictions import Label


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model and a file."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="CSV or Parquet: id, label, and row if there are several"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Keep them."""
    from everfit.predictions import keep_labels

    spec = load_spec(args.name)
    kept = keep_labels(opened().store, spec.name, read(args.file), now())
    console.print(f"[green]kept[/green]: {kept:,} labels for predictions of {spec.name}")
    return 0


def read(path: Path) -> list[Label]:
    """The labels in a file; `DataError` if it is none that can be read, or lacks a column."""
    import pandas as pd

    from everfit.predictions import Label

    try:
        parquet = path.suffix == ".parquet"
        table = pd.read_parquet(path) if parquet else pd.read_csv(path, dtype={"id": str})
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as {'Parquet' if parquet else 'CSV'}: {error}") from error
    if missing := {"id", "label"} - set(table.columns):
        raise DataError(f"{path} has no column {' or '.join(sorted(missing))}; found {', '.join(table.columns)}")
    rows = table["row"].tolist() if "row" in table else [0] * len(table)
    values = [None if pd.isna(value) else _plain(value) for value in table["label"].tolist()]
    return [Label(str(id_), value, int(row)) for id_, value, row in zip(table["id"], values, rows, strict=True)]


def _plain(value: object) -> float | str:
    return float(value) if isinstance(value, int | float) else str(value)
