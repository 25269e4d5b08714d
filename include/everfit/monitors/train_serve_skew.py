"""The monitor `train_serve_skew`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.monitors._shares import share_of
from everfit.refuse import between, number
from everfit.signals import Signal
from everfit.statistics.proportions import wilson
from everfit.values import Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors.seen import Seen

    Array = NDArray[np.float64]

BLIND = "what both do wrong alike"


@dataclass(frozen=True)
class TrainServeSkew:
    """Whether the version answers offline what it answered when it was asked.

    A row is answered otherwise if any number of the two answers differs by more than `tolerance` of its size (of 1, if
    that is more: what rounding does to a chance), or if one has none. Harm if surely more than the share `at_most` of
    the rows are; with 0 a single one is, since the same inputs to the same version have one answer.
    """

    tolerance: float = 1e-5
    at_most: float = 0.0

    def __post_init__(self) -> None:
        number("tolerance", self.tolerance, least=0)
        between("at_most", self.at_most, 0, 1)

    def watch(self, seen: Seen) -> Signal:
        """Hold both answers to each row against each other."""
        import numpy as np

        served = seen.window.scores.reshape(seen.window.rows, -1)
        offline = None if seen.again is None else seen.again.reshape(seen.window.rows, -1)
        asked = np.zeros(len(served), dtype=bool) if offline is None else ~np.isnan(offline).all(axis=1)
        asked &= ~np.isnan(served).all(axis=1)
        if offline is None or not asked.any():
            return Signal("train_serve_skew", Outcome.CANNOT_TELL, "no row was asked again offline", blind_to=BLIND)
        apart = _apart(served[asked], offline[asked])
        share = share_of(apart > self.tolerance, seen.window.day[asked])
        value, (low, high) = float(share.value), wilson(share, 1 - seen.level)
        return Signal(
            "train_serve_skew",
            Outcome.FAILED if low > self.at_most else _good(float(high), value, self.at_most),
            _words(apart, self.tolerance, self.at_most),
            value,
            float(low),
            float(high),
            self.at_most,
            n=len(apart),
            test="Wilson's interval, by day",
            level=seen.level,
            blind_to=BLIND,
        )


def _apart(served: Array, offline: Array) -> Array:
    """How far apart the answers to each row are, over the size of the larger one, or over 1."""
    import numpy as np

    size = np.maximum(np.maximum(np.abs(served), np.abs(offline)), 1.0)
    with np.errstate(invalid="ignore"):
        apart = np.where(served == offline, 0.0, np.abs(served - offline) / size)
    one_has_none = np.isnan(served) != np.isnan(offline)
    return np.asarray(np.where(one_has_none, np.inf, np.nan_to_num(apart, nan=0.0, posinf=np.inf)).max(axis=1))


def _good(high: float, value: float, at_most: float) -> Outcome:
    """Not a single row is as good as it gets; beyond that it takes the whole interval."""
    return Outcome.PASSED if value == 0 or high <= at_most else Outcome.CANNOT_TELL


def _words(apart: Array, tolerance: float, at_most: float) -> str:
    otherwise = int((apart > tolerance).sum())
    if not otherwise:
        return f"all {len(apart):,} rows that were asked again have the same answer (to {tolerance:g} of its size)"
    farthest = f"{apart.max():.3g} of its size" if apart.max() < float("inf") else "one has an answer, the other none"
    return (
        f"{otherwise:,} of {len(apart):,} rows were answered otherwise than offline (furthest apart: {farthest}), "
        f"allowed {100 * at_most:.3g} %"
    )
