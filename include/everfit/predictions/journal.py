"""Predictions on the local disk, from the moment of the answer until they are in the store."""

from __future__ import annotations

import fcntl
import logging
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

log = logging.getLogger(__name__)


class Journal:
    """Lines in files under `folder`, of at most `most` bytes together; for any number of threads and processes.

    A line that `add` took is with the operating system: no death of this process loses it. `sync` puts it on the disk,
    so that only what came after the last `sync` can be lost, and only to a power cut. Each process writes to a file of
    its own, which it holds locked; a file without a lock is finished, or its writer is dead, and anybody may ship it.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = folder, most
        self._lock = Lock()
        self._current, self._handle = self._begin()
        self._written, self._waiting = 0, self._finished()

    @property
    def written(self) -> int:
        """The bytes in the file that is being written."""
        return self._written

    @property
    def size(self) -> int:
        """The bytes that are here and not in the store."""
        return self._waiting + self._written

    def add(self, line: bytes) -> bool:
        """Append one line; False, and nothing appended, if there is no room for it or the disk does not take it."""
        with self._lock:
            if self._handle is None or self._waiting + self._written + len(line) > self.most:
                return False
            try:
                if os.write(self._handle, line) < len(line):
                    os.ftruncate(self._handle, self._written)  # half a line would spoil the next one
                    return False
            except OSError:
                return False
            self._written += len(line)
            return True

    def sync(self) -> None:
        """Have the lines so far on the disk."""
        if self._handle is not None and self._written:
            with suppress(OSError):  # the lines are safe from all but a power cut, and the next round tries again
                os.fsync(self._handle)

    def seal(self) -> None:
        """Finish the file that is being written, so that it can be shipped, and go on in a new one."""
        if self._handle is not None and not self._written:
            return
        self.sync()
        with self._lock:
            self._let_go()
            self._current, self._handle = self._begin()

    def close(self) -> None:
        """Finish the file that is being written, and take no more lines."""
        with self._lock:
            self._let_go()

    def ship(self, deliver: Callable[[bytes], None]) -> int:
        """Give every finished file to `deliver` and delete it once that returns; returns how many there were.

        What `deliver` raises leaves the file where it is. So does the death of this process: `deliver` gets the same
        bytes again, from whoever ships next.
        """
        shipped = 0
        for path in sorted(self.folder.glob("*.jsonl"), key=_age):
            if path == self._current or (handle := _locked(path)) is None:
                continue
            try:
                deliver(path.read_bytes())
                path.unlink()
                shipped += 1
            finally:
                os.close(handle)
                self._waiting = self._finished()
        return shipped

    def _begin(self) -> tuple[Path, int | None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            while True:
                path = self.folder / f"{uuid.uuid4().hex}.jsonl"
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
                fcntl.flock(handle, fcntl.LOCK_EX)
                if os.fstat(handle).st_nlink:
                    return path, handle
                os.close(handle)  # somebody found it before we held it, and took it for an empty one of the dead
        except OSError as error:
            log.warning("no predictions are kept: %s cannot be written (%s)", self.folder, error)
            return self.folder, None

    def _let_go(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle, self._waiting, self._written = None, self._waiting + self._written, 0

    def _finished(self) -> int:
        sizes = 0
        for path in self.folder.glob("*.jsonl"):
            with suppress(FileNotFoundError):
                sizes += path.stat().st_size if path != self._current else 0
        return sizes


def _locked(path: Path) -> int | None:
    """A handle that holds the file; None while another process holds it, or if it is gone."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return handle
    os.close(handle)
    return None


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
