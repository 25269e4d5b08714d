"""What a source says that it has delivered: a JSON file that lists the files with their sizes and checksums.

    {"files": [{"name": "flights.parquet", "size": 52133, "sha256": "9f86d0..."}]}

`md5` will do as well, and both may be given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from everfit.errors import DataError
from everfit.values import Check, FileHash, Seen, load

WANTED = '{"files": [{"name": ..., "size": ..., "sha256" or "md5": ...}]}'


@dataclass(frozen=True)
class Listed:
    """One file as the manifest lists it; at least one of the checksums is there."""

    name: str
    size: int
    sha256: str = ""
    md5: str = ""


def read_manifest(text: bytes, name: str) -> tuple[Listed, ...]:
    """The files that a manifest lists, by name; `DataError` if it is not one (or not yet: it may be half written).

    >>> read_manifest(b'{"files": [{"name": "a.csv", "size": 3, "md5": "AB"}]}', "manifest.json")
    (Listed(name='a.csv', size=3, sha256='', md5='ab'),)
    """
    try:
        listed = [load(Listed, item) for item in json.loads(text)["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{name} cannot be read as {WANTED}: {str(error).splitlines()[0]}") from error
    if lacking := [one.name for one in listed if not (one.sha256 or one.md5)]:
        raise DataError(f"{name} lists {lacking[0]} without a checksum; wanted {WANTED}")
    return tuple(
        sorted((Listed(one.name, one.size, one.sha256.lower(), one.md5.lower()) for one in listed), key=_by_name)
    )


def lacking(listed: Iterable[Listed], there: Iterable[Seen]) -> str:
    """What of the listed files is not there yet, in words; "" if all of them are, with the sizes listed."""
    sizes = {file.name: file.size for file in there}
    missing = [one.name for one in listed if one.name not in sizes]
    short = [one for one in listed if one.name in sizes and sizes[one.name] != one.size]
    said = [f"{', '.join(missing)} not there"] if missing else []
    said += [f"{one.name} has {sizes[one.name]:,} of {one.size:,} bytes" for one in short]
    return "; ".join(said)


def against(listed: Sequence[Listed], files: Sequence[FileHash], folder: Path, manifest: str) -> tuple[Check, ...]:
    """Whether the copied files in `folder` have the listed bytes: a failed check for each without, else one passed.

    The sizes were compared before the delivery was taken, and again when it was copied.
    """
    copied = {file.name: file for file in files}
    wrong = [one for one in listed if not _same(one, copied[one.name], folder)]
    if wrong:
        return tuple(
            Check("delivery", None, f"the bytes of {one.name} that {manifest} lists", "another checksum", False)
            for one in wrong
        )
    return (Check("delivery", None, f"the bytes that {manifest} lists", f"{len(listed)} files with them", True),)


def _same(listed: Listed, copied: FileHash, folder: Path) -> bool:
    if listed.sha256 and listed.sha256 != copied.sha256:
        return False
    if not listed.md5:
        return True
    with (folder / listed.name).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == listed.md5


def _by_name(listed: Listed) -> str:
    return listed.name
