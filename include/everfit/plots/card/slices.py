"""How the candidate does in parts of the holdout, beside the champion: to look at; no gate judges by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from everfit.statistics.interval import FEWEST_CLUSTERS, count_clusters, estimate, mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEWEST_ROWS = 100
"""A part of fewer rows is not shown: chance says more of it than the model does."""

KINDS = 12
"""A text column of more different values is left out; so is a number's that has too few to be cut into four."""

SHOWN = 12


@dataclass(frozen=True)
class Slice:
    """One part: its column and value, its rows, the candidate's and the champion's mean loss, and an interval.

    Where there is a champion, `effect` is the candidate's loss less the champion's; else its loss less that of all
    rows. `low` and `high` are its one-sided 95 % bounds by day.
    """

    column: str
    value: str
    rows: int
    candidate: float
    champion: float | None
    effect: float
    low: float
    high: float


@dataclass(frozen=True)
class Slices:
    """The worst parts first, by what surely is too much; `looked` is among how many they are the worst."""

    loss: str
    looked: int
    shown: tuple[Slice, ...]


def slices(
    loss: str, about: Mapping[str, NDArray[Any]], candidate: Array, champion: Array | None, days: NDArray[np.int64]
) -> Slices:
    """Cut the rows by each column that is known of them, and measure the mean loss per row in each part."""
    less = champion if champion is not None else candidate.mean()
    found = []
    for column, values in about.items():
        for value, here in _parts(values):
            if here.sum() < FEWEST_ROWS or here.all() or count_clusters(days[here]) < FEWEST_CLUSTERS:
                continue
            one = estimate(mean((candidate - less)[here]), days[here])
            old = None if champion is None else float(champion[here].mean())
            new = float(candidate[here].mean())
            found.append(Slice(column, value, int(here.sum()), new, old, one.value, one.low, one.high))
    worst = sorted(found, key=lambda one: (-one.low, one.column, one.value))[:SHOWN]
    return Slices(loss, len(found), tuple(worst))


def _parts(values: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Few different values as they are, many numbers in four equal parts."""
    import numpy as np
    import pandas as pd

    codes, known = pd.factorize(values, sort=True)
    if len(known) <= KINDS:
        yield from ((_words(one), codes == place) for place, one in enumerate(known))
    elif values.dtype.kind == "f":
        edges = np.unique(np.nanquantile(values, [0.0, 0.25, 0.5, 0.75, 1.0]))
        for place, (low, high) in enumerate(pairwise(edges)):
            first = values >= low if place == 0 else values > low
            yield f"{_words(low)} to {_words(high)}", first & (values <= high)


def _words(value: Any) -> str:
    """A value for people.

    >>> _words(3.0), _words(2.5), _words("UA")
    ('3', '2.5', 'UA')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)
