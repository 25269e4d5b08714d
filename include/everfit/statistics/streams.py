"""What detectors of change look at: losses one after another, made to lie in [0, 1], and the changes they find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.interval import estimate, mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

QUANTILE = 0.99
REMEMBERED = 20
"""So many changes, the newest, stay in a detector's memory: it must not grow with history."""


@dataclass(frozen=True)
class Change:
    """Seen when `at` values had come: the mean was `before` up to the value numbered `began`, and then `after`."""

    at: int
    began: int
    before: float
    after: float

    @property
    def worse(self) -> bool:
        """Whether the loss rose."""
        return self.after > self.before


def remembered(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The newest of them."""
    return changes[-REMEMBERED:]


def ceiling(reference: Array, quantile: float = QUANTILE) -> float:
    """The loss that counts as 1, for losses without a bound (log loss, squared error): a quantile of those of old.

    Bounds for losses in [0, 1] are as wide as the worst loss there can be, a log loss of 34.5 if need be, so that
    nothing would ever be seen. Cut off at a quantile, a loss above it says that it is large and not how large: a change
    among the worst hundredth alone is not seen, every other one is.

    >>> import numpy as np
    >>> ceiling(np.arange(101.0))
    99.0
    """
    import numpy as np

    found = float(np.quantile(reference, quantile))
    if not 0 < found < float("inf"):
        raise ValueError(f"the {quantile:.0%} quantile of the reference losses is {found}: wanted one above 0")
    return found


def scaled(losses: Array, most: float) -> Array:
    """Losses as shares of `most`, cut off there; with `ceiling` for losses that have no bound.

    >>> import numpy as np
    >>> scaled(np.array([0.0, 1.0, 9.0]), most=2.0).tolist()
    [0.0, 0.5, 1.0]
    """
    import numpy as np

    return np.asarray(np.clip(losses / most, 0.0, 1.0))


def worth(losses: Array, days: NDArray[np.int64]) -> float:
    """How many independent rows one row says as much as: 1 where days do not matter, less where their rows go together.

    Detectors take values for independent. A storm makes a whole day's losses large, and by rows that looks like a
    change each time. Counted as so much less, a day moves the mean as much as days do.

    Source: Kish, Survey Sampling (1965), section 5.4 (the design effect, whose inverse this is).

    >>> import numpy as np
    >>> worth(np.repeat(np.array([0.0, 1.0] * 10), 8), np.repeat(np.arange(20), 8))  # eight rows that say the same
    0.125
    """
    import numpy as np

    alone = float(np.var(losses)) / len(losses)
    clustered = estimate(mean(losses), days).error ** 2
    few = 1 - 1 / len(np.unique(days))  # the interval knows that a spread of few days is too small; here it is the same
    return round(min(1.0, alone / (clustered * few)), 12) if clustered > alone else 1.0
