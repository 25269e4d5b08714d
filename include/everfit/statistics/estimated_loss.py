"""How large a loss is before labels come, for tasks without probabilities: learnt from the losses of the past.

Where predictions are high, or an input is in a range that is hard, losses were so and so large; where the rows are now
says what the mean loss will be. It holds as long as rows with the same prediction and the same inputs lose what they
lost, and beyond the range of the past it goes on as at its end. Under concept drift it does not hold, and is blind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.binned import Learnt, Lines, learn
from everfit.statistics.expected import Estimated, Expected
from everfit.statistics.interval import LEVEL
from everfit.statistics.shocks import shared, variance_of_shocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Losses:
    """What was lost in the past where predictions and inputs were so, and how much that varies from row to row.

    `shocks`: how much days differ, in units of the rows' own variance: the correlation of two rows of one day.
    """

    mean: Learnt
    variance: Learnt
    shocks: Array


def learn_losses(columns: Array, losses: Array, days: NDArray[np.int64]) -> Losses:
    """Learn from labelled rows of the past, which the model must not have learnt from.

    `columns`, `(rows, columns)`: the prediction, and the few inputs that make rows easy or hard, as numbers. Each has a
    broken line of 20 corners, and they add up: that two inputs are hard only together is not seen.
    """
    import numpy as np

    lines = Lines.over(columns)
    mean = learn(lines, columns, losses, days)
    off = losses - mean.at(columns)
    variance = learn(lines, columns, off**2, days)
    alone = np.maximum(variance.at(columns), 0.0)
    return Losses(mean, variance, np.array([variance_of_shocks(off, alone, np.sqrt(alone), days)]))


def expect_loss(columns: Array, past: Losses, days: NDArray[np.int64]) -> Expected:
    """The expected losses of the rows at hand; parts of a window are `merged`, and `estimate_loss` makes the mean."""
    import numpy as np

    design, rows = past.mean.lines.design(columns), len(columns)
    varies = np.maximum(design @ past.variance.heights, 0.0)
    sums = np.array([float((design @ past.mean.heights).sum()), float(rows)])
    first = np.array([[1.0, 0.0], [0.0, 0.0]])
    leans = np.stack([np.asarray(design.sum(axis=0)), np.zeros(past.mean.lines.size)])
    days_add = shared(np.sqrt(varies)[:, None], days)[0, 0] * first
    return Expected(sums, varies.sum() * first, days_add[None], leans, rows)


def estimate_loss(expected: Expected, past: Losses, level: float = LEVEL) -> Estimated:
    """The mean loss that is to be expected once labels are here, with bounds of what will be found.

    Source: NannyML's direct loss estimation, with lines in place of trees, so that its error is known.

    >>> import numpy as np
    >>> x, day = np.linspace(0, 1, 2000)[:, None], np.arange(2000) % 20
    >>> past = learn_losses(x, 2 * x[:, 0], day)
    >>> now = expect_loss(x[1500:], past, day[1500:])  # rows have moved to where losses are large
    >>> round(estimate_loss(now, past).value, 2), estimate_loss(now, past).blind_to
    (1.75, 'concept drift')
    """
    return expected.estimated(past.mean.moved, past.shocks, level)
