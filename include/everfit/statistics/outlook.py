"""What a model's loss is expected to be where its rows went, before any of their labels has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.decay.both import numbered
from everfit.statistics.decay.ratios import FOLDS, ratios
from everfit.statistics.domain import ROUNDS, TREES, deal, sample
from everfit.statistics.interval import Estimate, Measured, estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Matrix = NDArray[np.float32]
    Whole = NDArray[np.int64]

MOST = 20_000
"""So many rows of either side are looked at."""


@dataclass(frozen=True)
class Outlook:
    """By how much the mean loss rises if nothing but these columns moved, and the `loss` that it was.

    `moved` is the AUC with which they tell the two sides apart, `overlap` how much of their rows both have in common: 1
    if they are alike, 0 if none is like any of the other side. Next to 0 the rise is a guess, and its interval is not
    to be believed.
    """

    rise: Estimate
    loss: float
    moved: Estimate
    overlap: float

    @property
    def share(self) -> tuple[float, float, float]:
        """The rise and its two ends, as shares of the loss."""
        return self.rise.value / self._scale, self.rise.low / self._scale, self.rise.high / self._scale

    def p(self, bar: float) -> float:
        """How often chance alone would show so much, were the rise as large as this share of the loss."""
        return self.rise.p(bar * self._scale, above=True)

    @property
    def _scale(self) -> float:
        return abs(self.loss) or 1.0


def outlook(
    reference: Matrix, losses: Array, window: Matrix, days: tuple[Whole, Whole], *, level: float, seed: int = 0
) -> Outlook:
    """Expect the loss of rows without labels from that of rows with them: `(rows, columns)` each, NaN is missing.

    Two things are learnt out of fold: how many times denser each kind of row is in the window, and what rows of a kind
    lose. The expected loss is the mean of the second over the window, put right by what it missed in the reference,
    weighed by the first. It is right if either is (doubly robust), and its error is known on both sides: each row's
    influence is added up by day. Ends have the confidence `level`.

    It holds as long as rows of a kind lose what they lost: it is blind to concept drift.

    Sources: Robins, Rotnitzky and Zhao, J. American Statistical Association 89 (1994) 846-866; for two samples Qin,
    Biometrika 85 (1998) 619-630; cross-fitting: Chernozhukov et al., Econometrics Journal 21 (2018) C1-C68.

    >>> import numpy as np
    >>> random = np.random.default_rng(1)
    >>> x, there = (random.normal(middle, 1, (4000, 1)).astype(np.float32) for middle in (0, 0.5))
    >>> day = np.repeat(np.arange(20), 200)
    >>> found = outlook(x, 2.0 + x[:, 0], there, (day, day), level=0.99)  # rows further to the right lose more
    >>> found.rise.low < 0.5 < found.rise.high, found.rise.low > 0.4, round(found.loss, 1)
    (True, True, 2.0)
    """
    import numpy as np

    chosen = [sample(len(side), MOST, seed) for side in (reference, window)]
    matrix = np.concatenate([side[rows] for side, rows in zip((reference, window), chosen, strict=True)])
    losses = losses[chosen[0]]
    new = np.arange(len(matrix)) >= len(losses)
    clusters, _ = numbered(*(side[rows] for side, rows in zip(days, chosen, strict=True)))
    found = ratios(matrix, new, clusters, None, None, seed=seed)
    expected = _expected(matrix, losses, clusters, seed)
    rise = _rise(losses, expected, new, np.exp(found.whole[~new]))
    return Outlook(estimate(rise, clusters, level), float(losses.mean()), found.moved, _overlap(found.whole, new))


def _rise(losses: Array, expected: Array, new: NDArray[np.bool_], weights: Array) -> Measured:
    import numpy as np

    weights = weights / weights.sum()
    missed = losses - expected[~new]
    off, ahead, before = float(weights @ missed), float(expected[new].mean()), float(losses.mean())
    of_reference = weights * (missed - off) - (losses - before) / len(losses)
    of_window = (expected[new] - ahead) / int(new.sum())
    return Measured(ahead + off - before, np.concatenate([of_reference, of_window]))


def _overlap(odds: Array, new: NDArray[np.bool_]) -> float:
    """The mean chance that a row is from the other side, over that of a coin; of the side where it is less."""
    from scipy.special import expit

    probable = expit(odds)
    return 2 * min(float(probable[~new].mean()), float(1 - probable[new].mean()))


def _expected(matrix: Matrix, losses: Array, clusters: Whole, seed: int) -> Array:
    """What rows of each kind lose: of the reference's out of fold, of the window's by all folds on average."""
    import numpy as np
    import xgboost

    known = len(losses)
    folds = deal(clusters[:known], FOLDS)
    found = np.zeros(len(matrix))
    new = xgboost.DMatrix(matrix[known:], nthread=1)
    for fold in range(FOLDS):
        judged = folds == fold
        data = xgboost.DMatrix(matrix[:known][~judged], label=losses[~judged], nthread=1)
        start = float(losses[~judged].mean())
        trees = xgboost.train(
            TREES | {"objective": "reg:squarederror", "base_score": start, "seed": seed}, data, ROUNDS
        )
        found[:known][judged] = trees.predict(xgboost.DMatrix(matrix[:known][judged], nthread=1))
        found[known:] += trees.predict(new) / FOLDS
    return found
