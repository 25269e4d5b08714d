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

        served, offline = _wide(seen.window.scores), None if seen.again is None else _wide(seen.again)
        asked = np.zeros(len(served), dtype=bool) if offline is None else ~np.isnan(offline).all(axis=1)
        asked &= ~np.isnan(served).all(axis=1)
        if offline is None or not asked.any():
            return Signal("train_serve_skew", Outcome.CANNOT_TELL, "no row was asked again offline", blind_to=BLIND)
        served, offline = served[asked], offline[asked]
        otherwise = _otherwise(served, offline, self.tolerance)
        share = share_of(otherwise, seen.window.day[asked])
        value, (low, high) = float(share.value), wilson(share, 1 - seen.level)
        return Signal(
            "train_serve_skew",
            Outcome.FAILED if low > self.at_most else _good(float(high), value, self.at_most),
            _words(served[otherwise], offline[otherwise], len(served), self),
            value,
            float(low),
            float(high),
            self.at_most,
            n=len(served),
            test="Wilson's interval, by day",
            level=1 - seen.level,
            blind_to=BLIND,
        )


def _wide(scores: Array) -> Array:
    return scores if scores.ndim > 1 else scores[:, None]


def _otherwise(served: Array, offline: Array, tolerance: float) -> NDArray[np.bool_]:
    """Which rows have an answer that differs by more than the tolerance, or on one side only."""
    import numpy as np

    size = np.maximum(np.maximum(np.abs(served), np.abs(offline)), 1.0)
    alike = (
        (served == offline) | (np.isnan(served) & np.isnan(offline)) | (np.abs(served - offline) <= tolerance * size)
    )
    return np.asarray(~alike.all(axis=1))


def _good(high: float, value: float, at_most: float) -> Outcome:
    """Not a single row is as good as it gets; beyond that it takes the whole interval."""
    return Outcome.PASSED if value == 0 or high <= at_most else Outcome.CANNOT_TELL


def _words(served: Array, offline: Array, rows: int, bars: TrainServeSkew) -> str:
    import numpy as np

    if not len(served):
        return f"all {rows:,} rows that were asked again have the same answer (to {bars.tolerance:g} of its size)"
    with np.errstate(invalid="ignore"):
        apart = np.abs(served - offline)
    farthest = f"at most by {np.nanmax(apart):.3g}" if np.isfinite(apart).any() else "one of the two has no answer"
    allowed = f"allowed {100 * bars.at_most:.3g} %"
    return f"{len(served):,} of {rows:,} rows were answered otherwise than offline ({farthest}), {allowed}"
