"""What a drawing on the card is made of: plain numbers, kept with the evidence, so that it can be drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

POINTS = 160
"""A line on the card has no more."""


@dataclass(frozen=True)
class Series:
    """The values of one of `candidate`, `champion`, `baseline` (or of another name): a point per place in `x`.

    `low` and `high` are the points' intervals, if they have any. `told` is what the legend says beside the name.
    """

    who: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    told: str = ""


@dataclass(frozen=True)
class Panel:
    """One drawing: lines, steps, dots with intervals, or lines in bands; `ideal` is where a perfect answer would lie.

    `note` says in a sentence how to read it. A `percent` axis has shares from 0 to 1.
    """

    name: str
    title: str
    x: str
    y: str
    series: tuple[Series, ...]
    kind: Literal["line", "step", "dots", "band"] = "line"
    ideal: Literal["", "diagonal", "zero"] = ""
    square: bool = False
    percent: Literal["", "x", "y", "xy"] = ""
    note: str = ""

    @property
    def shows(self) -> bool:
        """Whether there is a point in it."""
        return any(one.x for one in self.series)


@dataclass(frozen=True)
class Grid:
    """A table of shares, each from 0 to 1, drawn as squares: what each row's class was called."""

    name: str
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]
    note: str = ""


def points(values: Array) -> tuple[float, ...]:
    """Numbers as they are kept: six digits.

    >>> import numpy as np
    >>> points(np.array([1 / 3, 2.0]))
    (0.333333, 2.0)
    """
    return tuple(float(f"{value:.6g}") for value in values)


def some(length: int, most: int = POINTS) -> NDArray[np.int64]:
    """Evenly spread places among so many, first and last with them.

    >>> some(3).tolist(), len(some(10_000))
    ([0, 1, 2], 160)
    """
    import numpy as np

    return np.unique(np.linspace(0, length - 1, most).round().astype(int))
