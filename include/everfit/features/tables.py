"""History tables as files: a folder of parquet files, or the same packed into one file for the store."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import Corrupted, SpecError

if TYPE_CHECKING:
    import pandas as pd


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write `<folder>/<name>.parquet` for each table; equal tables give equal bytes."""
    import pyarrow

    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        try:
            table.to_parquet(folder / f"{name}.parquet")
        except (pyarrow.ArrowException, ValueError, TypeError) as error:
            raise SpecError(f"history table {name!r} cannot be saved as parquet: {error}") from error


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables that `write_tables` wrote, by name; none if there is no such folder."""
    import pandas as pd
    import pyarrow

    try:
        return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    except (pyarrow.ArrowException, ValueError) as error:
        raise Corrupted(f"a history table in {folder} cannot be read: {error}") from error


def pack(folder: Path, into: Path) -> None:
    """Put the files of a folder into one uncompressed tar, without names, rights or times of this machine."""
    with tarfile.open(into, "w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(folder.iterdir()):
            entry = tarfile.TarInfo(path.name)
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                archive.addfile(entry, file)


def unpack(archive: Path, folder: Path) -> None:
    """Take the files out of what `pack` made."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise Corrupted(f"{archive} is not a packed history: {error}") from error
