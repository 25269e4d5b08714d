"""Rows in a file, piece by piece, as they are in memory: made once, and read as often as they are asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path
from typing import IO, Any

from everfit.models.rows import Part, Rows

_NONE = 0.0  # a column has a dimension at least
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
            yield from Written(self.path, self.rows).pieces()
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
                write_piece(piece, file)
                yield piece
        unfinished.rename(self.path)


@dataclass(frozen=True, eq=False)
class Written:
    """The pieces that `write_piece` put into a file, which have so many rows together."""

    path: Path
    rows: int

    def pieces(self) -> Iterator[Rows]:
        """All of them, in order, one in memory at a time."""
        with self.path.open("rb") as file:
            while file.peek(1):
                yield _read_piece(file)


def write_piece(piece: Rows, file: IO[bytes]) -> None:
    """Put a piece behind those that are in the file."""
    import numpy as np

    for one in fields(Rows):
        column = getattr(piece, one.name)
        np.save(file, _NONE if column is None else column, allow_pickle=False)


def _read_piece(file: IO[bytes]) -> Rows:
    import numpy as np

    columns: dict[str, Any] = {one.name: np.load(file, allow_pickle=False) for one in fields(Rows)}
    given: dict[str, Any] = {name: column if column.ndim else None for name, column in columns.items()}
    return Rows(**given)
