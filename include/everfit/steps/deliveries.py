"""What lies in the landing place, put together: which files are one delivery, and by what it is known again.

Nothing is read here but names, sizes and tags, so that five thousand deliveries that were settled long ago cost one
listing and no more.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from everfit.errors import BatchChanged
from everfit.spec import Marker
from everfit.values import Arrival, Seen, digest

if TYPE_CHECKING:
    from everfit.ports import Landing
    from everfit.spec import DataSpec

_PARTITION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """The files of one partition as one look saw them, whole or not; `mark` is its marker or manifest, if it is there.

    `fingerprint` changes with every change of a file. A marker may be touched again without changing anything; a
    manifest may not, since it says what the files should be.
    """

    partition: str
    fingerprint: str
    files: tuple[Seen, ...]
    mark: Seen | None

    def arrival(self, names: Iterable[str]) -> Arrival:
        """The complete delivery, of these of its files."""
        return Arrival(self.partition, self.fingerprint, tuple(sorted(names)))


def deliveries(data: DataSpec, seen: Iterable[Seen]) -> list[Delivery]:
    """The deliveries that these files are, by partition.

    A partition whose name is unsafe (anything but letters, digits, `.`, `_` and `-`) is skipped with one warning in the
    log of the process, and never stands in the way of the others.
    """
    grouped = _by_file(data, seen) if data.each == "file" else _by_folder(seen)
    return [_delivery(data, partition, files) for partition, files in sorted(grouped.items()) if _safe(data, partition)]


def delivery_again(landing: Landing, data: DataSpec, arrival: Arrival) -> Delivery:
    """The delivery of an arrival as it lies there now; `BatchChanged` if it is not what it was."""
    only = arrival.partition if data.each == "folder" else _beginning(data, arrival.files)
    for now in deliveries(data, landing.look(data.landing, data.each, only)):
        whole = now.mark is not None or not data.complete_when.mark
        if now.partition == arrival.partition and now.fingerprint == arrival.fingerprint and whole:
            return now
    raise BatchChanged(
        f"{data.landing}/{arrival.partition} was rewritten while it was being read; the next look takes the new files"
    )


def _by_folder(seen: Iterable[Seen]) -> Mapping[str, list[Seen]]:
    grouped: dict[str, list[Seen]] = {}
    for file in seen:
        grouped.setdefault(file.path.partition("/")[0], []).append(file)
    return grouped


def _by_file(data: DataSpec, seen: Iterable[Seen]) -> Mapping[str, list[Seen]]:
    """Each file that fits the table, and its marker or manifest with it."""
    there = {file.name: file for file in seen}
    grouped: dict[str, list[Seen]] = {}
    for name, file in there.items():
        partition = data.partition_of(name)
        if partition is not None:
            mark = there.get(_mark(data, name))
            grouped[partition] = [file, mark] if mark else [file]
    return grouped


def _delivery(data: DataSpec, partition: str, there: list[Seen]) -> Delivery:
    way = data.complete_when
    name = there[0].name if data.each == "file" else ""
    mark = next((file for file in there if file.name == _mark(data, name)), None)
    files = tuple(sorted((file for file in there if file is not mark), key=lambda file: file.name))
    told = files if isinstance(way, Marker) or mark is None else (*files, mark)
    fingerprint = digest([way.mark, *([file.name, file.size, file.tag] for file in told)])[:16]
    return Delivery(partition, fingerprint, files, mark)


def _mark(data: DataSpec, name: str) -> str:
    """The name of what completes the delivery of a file, or of a folder (for which `name` does not matter)."""
    return data.complete_when.mark.replace("*", name)


def _beginning(data: DataSpec, files: tuple[str, ...]) -> str:
    """How the names of a file and of its marker begin: no more than those need to be listed."""
    marks = [_mark(data, name) for name in files if data.complete_when.mark]
    return os.path.commonprefix([*files, *marks])  # noqa: RUF071 - of names, character by character


def _safe(data: DataSpec, partition: str) -> bool:
    if _PARTITION.fullmatch(partition):
        return True
    _skip(data.landing, partition)
    return False


@cache
def _skip(where: str, partition: str) -> None:
    _log.warning(
        "%s: skipped %r, which cannot be a partition; wanted letters, digits, '.', '_' and '-'", where, partition
    )
