"""The rows that an algorithm learns from: blocks of them, read again and again in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol

from everfit.statistics.evenly import evenly

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Part(Protocol):
    """Rows that may be too many for memory."""

    @property
    def rows(self) -> int:
        """How many there are."""

    def pieces(self) -> Iterator[Rows]:
        """All of them, in order, in pieces that are the same each time and cut no group in two."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A block of rows in memory, which is a `Part` of one piece.

    `matrix` is float32 (a missing value is NaN) and has a row for each of `labels`. `weights` says how much a row
    counts. `groups` has a whole number per row, equal for rows that are ranked against each other; those lie side by
    side. `observed` is False for a row of a survival task whose event had not come by the time in its label.
    """

    matrix: NDArray[np.float32]
    labels: NDArray[np.float32]
    weights: NDArray[np.float32] | None = None
    groups: NDArray[np.int64] | None = None
    observed: NDArray[np.bool_] | None = None

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.labels)

    def pieces(self) -> Iterator[Rows]:
        """Itself."""
        yield self

    def take(self, places: Any) -> Rows:
        """Some of the rows, by their places or by a slice."""
        columns: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        taken: dict[str, Any] = {name: None if column is None else column[places] for name, column in columns.items()}
        return Rows(**taken)

    @staticmethod
    def join(blocks: Sequence[Rows]) -> Rows:
        """The rows of several blocks as one."""
        import numpy as np

        if len(blocks) == 1:
            return blocks[0]
        columns: dict[str, list[Any]] = {
            one.name: [getattr(block, one.name) for block in blocks] for one in fields(Rows)
        }
        joined: dict[str, Any] = {
            name: None if each[0] is None else np.concatenate(each) for name, each in columns.items()
        }
        return Rows(**joined)


def sample(part: Part, most: int) -> Rows:
    """About so many of the rows at most, evenly spread; of groups, whole ones.

    >>> import numpy as np
    >>> rows = Rows(np.arange(10, dtype=np.float32).reshape(10, 1), np.arange(10, dtype=np.float32))
    >>> sample(rows, 4).labels.tolist()
    [0.0, 3.0, 6.0, 9.0]
    """
    places = evenly(part.rows, most)
    kept, begin = [], 0
    for piece in part.pieces():
        here = places[(places >= begin) & (places < begin + piece.rows)] - begin
        kept.append(piece.take(here if piece.groups is None else _whole_groups(piece.groups, here)))
        begin += piece.rows
    return Rows.join(kept)


def whole(part: Part) -> Rows:
    """All rows as one block: for an algorithm that wants them in memory. They are held once, not also in pieces.

    >>> import numpy as np
    >>> rows = Rows(np.zeros((2, 1), np.float32), np.ones(2, np.float32))
    >>> whole(rows) is rows
    True
    """
    import numpy as np

    if isinstance(part, Rows):
        return part
    columns: dict[str, Any] = {}
    begin = 0
    for piece in part.pieces():
        for name in (one.name for one in fields(piece)):
            values = getattr(piece, name)
            if values is not None:
                if not begin:
                    columns[name] = np.empty((part.rows, *values.shape[1:]), values.dtype)
                columns[name][begin : begin + piece.rows] = values
        begin += piece.rows
    return Rows(**columns)


def _whole_groups(groups: NDArray[np.int64], places: Any) -> NDArray[np.int64]:
    """All rows of some of the groups that have a row at one of the places: about as many rows as there are places."""
    import numpy as np

    hit = np.unique(groups[places])
    rows = int(np.isin(groups, hit).sum())
    return np.flatnonzero(np.isin(groups, hit[:: max(1, -(-rows // max(len(places), 1)))]))
