"""Where the files without withheld rows, and those rows, are put: what a batch is made of once bad rows are out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.steps.staging import Staged, staged_files
from everfit.values import FileHash, StoredFile, Withheld, batch_sha256

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.steps.audit import Audited
    from everfit.values import Arrival, Inspection


@dataclass(frozen=True)
class Batched:
    """The batch that a delivery would become: its hash, and, if rows were `withheld`, the files that it `kept`."""

    sha256: str
    kept: tuple[FileHash, ...] = ()
    withheld: tuple[Withheld, ...] = ()


def batched(ports: Ports, spec: ModelSpec, arrival: Arrival, staged: Staged, tables: Sequence[Audited]) -> Batched:
    """Put what was written without bad rows beside the staged delivery, and the bad rows into quarantine."""
    withheld = tuple(_put(ports, spec, arrival, staged, table) for table in tables if table.withheld)
    if not withheld:
        return Batched(staged.sha256)
    anew = {file.name: file for one in withheld for file in one.kept}
    kept = tuple(anew.get(file.name, file) for file in staged.files)
    return Batched(batch_sha256(kept), kept, withheld)


def batch_files(ports: Ports, inspection: Inspection) -> Mapping[str, Path]:
    """The files that the inspected delivery becomes as a batch, each checked against its hash: read them only."""
    anew = [file for one in inspection.withheld for file in one.kept]
    same = [file for file in inspection.kept or inspection.files if file not in anew]
    return {
        **staged_files(ports, inspection.staged, same),
        **staged_files(ports, _kept_folder(inspection.staged), anew),
    }


def _put(ports: Ports, spec: ModelSpec, arrival: Arrival, staged: Staged, table: Audited) -> Withheld:
    out = table.withheld
    if out is None or out.bad is None:
        raise ValueError(f"no row of {table.table} is withheld")
    kept = tuple(
        _hashed(ports.store.put_file(f"{_kept_folder(staged.folder)}/{name}", path), name, path)
        for name, path in out.kept.items()
    )
    key = f"quarantine/{spec.name}/{arrival.partition}/{staged.sha256}/withheld/{table.table}.parquet"
    return Withheld(table.table, out.rows, out.of, ports.store.put_file(key, out.bad), kept)


def _hashed(stored: StoredFile, name: str, path: Path) -> FileHash:
    return FileHash(name, stored.sha256, path.stat().st_size)


def _kept_folder(staged: str) -> str:
    return f"{staged}/kept"
