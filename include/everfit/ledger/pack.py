"""What this machine has read of a ledger already, in one file: a cache, which anybody may delete."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from itertools import pairwise
from pathlib import Path

from everfit.ledger.entry import KINDS, Entry, skim
from everfit.values import digest

log = logging.getLogger(__name__)


class Pack:
    """The first entries of the ledger `folder` of the store at `url`, one line of `file` each, as the store has them.

    The file's bytes follow from the ledger alone: entry n is at the same place in everybody's pack. So any number of
    processes add to it without a lock (two that add the same entry write the same bytes to the same place), one that is
    killed leaves at most a line cut short, and what does not belong there is written over by the next one that adds.
    Nothing in it is believed: `entries` follows the chain of hashes, and the ledger compares the last entry, which
    stands for all before it, with the store's.
    """

    def __init__(self, cache: Path, url: str, folder: str) -> None:
        self.folder = folder
        self.file = cache / f"{Path(folder).name}-{digest([url, folder, _shapes()])[:16]}.jsonl"
        self._size = 0

    def entries(self) -> tuple[tuple[Entry, ...], bytes]:
        """The entries whose chain is whole, from the first one on, and the bytes of the last of them."""
        found: list[Entry] = []
        last, sha256, self._size = b"", "", 0
        for seq, (data, _) in enumerate(pairwise(self._read().split(b"\n")), 1):  # without an end: cut short
            entry = skim(data, f"{self.folder}/{seq:08d}.json")
            if entry is None or entry.seq != seq or entry.prev != sha256:
                break
            last, sha256, self._size = data, entry.sha256, self._size + len(data) + 1
            found.append(entry)
        return tuple(found), last

    def forget(self) -> None:
        """What is there is not this ledger's: begin again."""
        self._size = 0

    def add(self, new: Sequence[bytes]) -> None:
        """Put the entries that follow behind those known. A disk that cannot take them costs time only, so no error."""
        data = b"".join(one + b"\n" for one in new)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o666)
            try:
                written = os.pwrite(handle, data, self._size)
            finally:
                os.close(handle)
        except OSError as error:
            log.info("%s cannot be written (%s); the ledger is read from the store each time", self.file, error)
            return
        if written == len(data):
            self._size += written

    def _read(self) -> bytes:
        try:
            return self.file.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            log.info("%s cannot be read (%s); the ledger is read from the store", self.file, error)
            return b""


@cache
def _shapes() -> str:
    """Changes when a kind of decision gets another shape: what an older everfit checked is then read anew."""
    return digest({kind: [[field.name, str(field.type)] for field in fields(body)] for kind, body in KINDS.items()})
