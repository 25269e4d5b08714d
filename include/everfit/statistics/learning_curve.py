"""What more rows are worth: the loss of models against how many rows they learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

POWERS = tuple(place / 20 for place in range(2, 21))
"""How fast losses fall with rows: measured powers lie between about .1 and 1 (Viering and Loog)."""

FEWEST = 3
"""Three numbers are learnt: with fewer models no curve is."""


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Curves `floor + scale * rows ** -power`, one per power, and how probable each is; `noise` is about each model."""

    floors: Array
    scales: Array
    spreads: Array
    chances: Array

    def gain(self, before: float, now: float) -> tuple[float, float]:
        """How much less a model of `now` rows loses than one of `before` rows, and the standard error of that."""
        import numpy as np

        fall = before ** -np.array(POWERS) - now ** -np.array(POWERS)
        each = self.scales * fall
        mean = float(np.sum(self.chances * each))
        variance = np.sum(self.chances * ((each - mean) ** 2 + (self.spreads * fall) ** 2))
        return mean, float(np.sqrt(variance))


def learning_curve(rows: Sequence[float], losses: Sequence[float]) -> LearningCurve | None:
    """Fit power laws to the losses of earlier models, None if there are fewer than three or all had as many rows.

    For each power the rest is linear and solved exactly, with no scale below 0 (more rows do not harm). The powers are
    averaged by their likelihood, so that the error of a gain holds that the power is not known: from few models of
    nearly equal size hardly anything follows about far more rows, and the error says so. The losses should be those of
    one holdout, or of holdouts that are alike.

    Sources: Cortes et al., Learning curves, NeurIPS 1993; Viering and Loog, The shape of learning curves, IEEE TPAMI 45
    (2023) 7799-7819; Hoeting et al., Bayesian model averaging, Statistical Science 14 (1999) 382-417.

    >>> curve = learning_curve([100, 400, 1600, 6400], [0.30, 0.25, 0.225, 0.2125])  # 0.2 and 1 / sqrt(rows)
    >>> round(curve.gain(6400, 25600)[0], 5)
    0.00625
    """
    import numpy as np

    x, y = np.asarray(rows, dtype=float), np.asarray(losses, dtype=float)
    if len(x) < FEWEST or len(np.unique(x)) < 2:  # noqa: PLR2004 - one size shows no curve
        return None
    powers = x[None] ** -np.array(POWERS)[:, None]
    off = powers - powers.mean(axis=1, keepdims=True)
    spread = np.sum(off**2, axis=1)
    scales = np.maximum(np.sum(off * y, axis=1) / spread, 0.0)
    floors = y.mean() - scales * powers.mean(axis=1)
    squares = np.sum((y - floors[:, None] - scales[:, None] * powers) ** 2, axis=1)
    freedom = max(len(x) - 3, 1)
    least = max(float(squares.min()), 1e-12)
    chances = (np.maximum(squares, 1e-12) / least) ** (-freedom / 2)
    return LearningCurve(floors, scales, np.sqrt(squares / freedom / spread), chances / chances.sum())
