"""A part whose rows are made once and then read again from a file, as they are in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path
from typing import IO, Any

from everfit.models.rows import Part, Rows

ROOM = 2  # the file may take at most so many times less than what the disk has left


@dataclass(frozen=True, eq=False)
class Spooled:
    """The same rows in the same pieces as those of `part`.

    XGBoost reads all rows five times to make its matrix. Reading float32 back takes a quarter of the time that decoding
    a compressed table does. The first whole reading writes the file; one that is broken off leaves none.
    """

    part: Part
    path: Path

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.part.rows

    def pieces(self) -> Iterator[Rows]:
        """All of them, in order."""
        if self.path.exists():
            yield from self._read()
            return
        pieces = self.part.pieces()
        first = next(pieces, None)
        if first is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        needed = first.matrix.nbytes / max(first.rows, 1) * self.rows
        if needed * ROOM > shutil.disk_usage(self.path.parent).free:
            yield first
            yield from pieces
            return
        unfinished = self.path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            for piece in chain([first], pieces):
                _write(piece, file)
                yield piece
        unfinished.rename(self.path)

    def _read(self) -> Iterator[Rows]:
        with self.path.open("rb") as file:
            while file.peek(1):
                yield _piece(file)


def _write(piece: Rows, file: IO[bytes]) -> None:
    import numpy as np

    for one in fields(Rows):
        column = getattr(piece, one.name)
        np.save(file, np.empty(0) if column is None else column, allow_pickle=False)


def _piece(file: IO[bytes]) -> Rows:
    import numpy as np

    columns: dict[str, Any] = {one.name: np.load(file, allow_pickle=False) for one in fields(Rows)}
    rows = len(columns["labels"])
    given: dict[str, Any] = {name: column if len(column) == rows else None for name, column in columns.items()}
    return Rows(**given)
