"""The immutable copy of a delivery, in the store, that validation looks at and that commit keeps or refuses.

The source system may rewrite its folder at any moment. From here on a delivery is what was copied once, by hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from everfit.errors import BatchChanged, Corrupted
from everfit.spec import Manifest
from everfit.steps.deliveries import delivery_again
from everfit.steps.manifest import Listed, against, read_manifest
from everfit.values import Check, FileHash, Seen, StoredFile, batch_sha256, canonical, dump, load

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.spec import DataSpec, ModelSpec
    from everfit.values import Arrival


@dataclass(frozen=True)
class Staged:
    """A delivery in the store: the key of its folder, and the hash of each file in it.

    `promised` is what validation says of the source's manifest: a failed critical check for each file with other bytes
    than it lists, one passed check if all have them, none for a source that delivers without a manifest.
    """

    folder: str
    files: tuple[FileHash, ...]
    promised: tuple[Check, ...] = ()

    @property
    def sha256(self) -> str:
        """The hash of the whole batch: of its files' names and hashes, in order of name."""
        return batch_sha256(self.files)


def stage(ports: Ports, spec: ModelSpec, arrival: Arrival) -> Staged:
    """Copy the delivery into the store, once; a copy that is there and whole is taken as it is.

    The list of its files is written last, so that half a copy is never taken for one. Errors: `BatchChanged` if the
    delivery is rewritten meanwhile (nothing is staged then), `Unreachable` if landing place or store do not answer.
    """
    folder = f"staged/{spec.name}/{arrival.partition}-{arrival.fingerprint}"
    there = _staged_before(ports, folder)
    if there:
        return there
    with scratch(ports) as copy:
        files, promised = _copied(ports, spec.data, arrival, copy)
        for file in files:
            if ports.store.put_file(f"{folder}/{file.name}", copy / file.name).sha256 != file.sha256:
                raise BatchChanged(
                    f"{file.name} of {arrival.partition} changed between landing place and store; try again"
                )
    staged = Staged(folder, files, promised)
    ports.store.write(_list_of(folder), canonical(dump(staged)))
    return staged


def manifest_of(ports: Ports, data: DataSpec, mark: Seen) -> tuple[Listed, ...]:
    """What a manifest lists; `DataError` if it cannot be read, `BatchChanged` if it is just being written."""
    with scratch(ports) as folder:
        ports.landing.fetch(data.landing, (mark,), folder)
        return read_manifest((folder / mark.name).read_bytes(), mark.name)


def _copied(
    ports: Ports, data: DataSpec, arrival: Arrival, folder: Path
) -> tuple[tuple[FileHash, ...], tuple[Check, ...]]:
    """The arrival's files in the local folder, if they were the same before, during and after the copying."""
    before = delivery_again(ports.landing, data, arrival)
    wanted = [file for file in before.files if file.name in arrival.files]
    files = ports.landing.fetch(data.landing, wanted, folder)
    promised: tuple[Check, ...] = ()
    if isinstance(data.complete_when, Manifest) and before.mark:
        promised = against(manifest_of(ports, data, before.mark), files, folder, before.mark.name)
    delivery_again(ports.landing, data, arrival)
    return files, promised


def staged_files(ports: Ports, folder: str, files: Sequence[FileHash]) -> Mapping[str, Path]:
    """The staged files by name, each checked against its hash: read them, do not write to them."""
    return {file.name: ports.store.local_file(StoredFile(f"{folder}/{file.name}", file.sha256)) for file in files}


@contextmanager
def scratch(ports: Ports) -> Iterator[Path]:
    """An empty local folder that is gone afterwards."""
    ports.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=ports.work, prefix="ingest-") as folder:
        yield Path(folder)


def _staged_before(ports: Ports, folder: str) -> Staged | None:
    try:
        staged = load(Staged, json.loads(ports.store.read(_list_of(folder))))
        staged_files(ports, staged.folder, staged.files)
    except (FileNotFoundError, Corrupted, ValueError):
        return None  # not there, or no longer what it was: it can be made again from the landing place
    return staged


def _list_of(folder: str) -> str:
    return f"{folder}.json"
