"""How good a classifier is before labels come: from its own probabilities, put right on labels of the past.

If among rows to which it gives .8 four in five are positive, then calling them positive is right four times in five,
and nobody needs the labels to say so. That holds as long as what a score means stays as it was: under covariate shift,
if scores are calibrated wherever the inputs go. It does not hold under concept drift, which is invisible from here;
every estimate says so (`Estimated.blind_to`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.binned import Learnt, Lines, learn
from everfit.statistics.expected import Estimated, Expected, bounded
from everfit.statistics.interval import LEVEL
from everfit.statistics.losses import per_row
from everfit.statistics.shocks import shared, variance_of_shocks
from everfit.statistics.truth import Truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MEANS = {"log_loss": "log_loss", "brier": "brier", "accuracy": "zero_one"}
RATES = frozenset({"precision", "recall"})
HALF = 0.5


@dataclass(frozen=True, eq=False)
class Calibration:
    """What scores meant in the past: for each class by how much more often it came than was said, along the score.

    `curves`: one for the positive class, or one for each of several. `shocks`: how much days differ beyond their
    scores, for each of these: the variance of what a day adds to the log odds of the class in all of its rows.
    """

    curves: tuple[Learnt, ...]
    shocks: Array

    @property
    def classes(self) -> tuple[int, ...]:
        """The columns of the probabilities that have a curve: the positives', or all of several."""
        return (1,) if len(self.curves) == 1 else tuple(range(len(self.curves)))

    def probabilities(self, scores: Array) -> Array:
        """The chance of each class, shape `(rows, classes)`: the scores, put right."""
        import numpy as np

        said = scores if scores.ndim > 1 else scores[:, None]
        off = np.stack([curve.at(said[:, [k]]) for k, curve in enumerate(self.curves)], axis=1)
        right = np.clip(said + off, 0.0, 1.0)
        if scores.ndim == 1:
            return np.concatenate([1 - right, right], axis=1)
        whole = right.sum(axis=1, keepdims=True)
        return np.asarray(np.where(whole > 0, right / np.where(whole > 0, whole, 1), 1 / said.shape[1]))

    @property
    def moved(self) -> Array:
        """How much each day of the past moved the corners of all curves."""
        import numpy as np

        return np.concatenate([curve.moved for curve in self.curves], axis=1)


def calibrate(y: Array, scores: Array, days: NDArray[np.int64]) -> Calibration:
    """Learn what scores mean from labelled rows of the past, which the model must not have learnt from.

    `scores`: probabilities, `(rows,)` or `(rows, classes)`; `y`: 0 or 1, or the place of the class. For each class it
    is a broken line of 20 corners through what came less what was said.
    """
    import numpy as np

    said = scores if scores.ndim > 1 else scores[:, None]
    came = (y[:, None] == np.arange(said.shape[1])) if scores.ndim > 1 else y[:, None]
    lines = [Lines.over(said[:, [k]]) for k in range(said.shape[1])]
    curves = tuple(learn(line, said[:, [k]], came[:, k] - said[:, k], days) for k, line in enumerate(lines))
    p = Calibration(curves, np.zeros(len(curves))).probabilities(scores)[:, -len(curves) :]
    alone = p * (1 - p)
    each = [variance_of_shocks((came - p)[:, k], alone[:, k], alone[:, k], days) for k in range(len(curves))]
    return Calibration(curves, np.array(each))


def expect_metric(metric: str, scores: Array, calibration: Calibration, days: NDArray[np.int64]) -> Expected:
    """The expected `accuracy`, `log_loss` or `brier`, of two classes or more, or `precision` or `recall` at one half.

    The part of a window that is at hand: parts are `merged`, and `estimate_metric` makes the figure of them.
    """
    import numpy as np

    p = calibration.probabilities(scores)
    terms = _terms(metric, scores, p.shape[1])
    means = np.stack([(term * p).sum(axis=1) for term in terms])
    moves = [term - mean[:, None] for term, mean in zip(terms, means, strict=True)]
    spread = np.array([[float(np.sum(one * two * p)) for two in moves] for one in moves])
    loads = [np.stack([move[:, k] * p[:, k] for move in moves], axis=1) for k in calibration.classes]
    leans = np.stack([_lean(move, scores, calibration) for move in moves])
    return Expected(means.sum(axis=1), spread, np.stack([shared(load, days) for load in loads]), leans, len(p))


def estimate_metric(expected: Expected, calibration: Calibration, level: float = LEVEL) -> Estimated:
    """The figure that is to be expected once labels are here, with bounds of what will be found.

    Sources: NannyML's confidence-based performance estimation; Bialek, Kuberski, Perrakis and Bifet, Estimating model
    performance under covariate shift without labels (arXiv 2401.08348); Guillory et al., ICCV 2021 (confidence).

    >>> import numpy as np
    >>> said, day = np.repeat([0.2, 0.8], 500), np.arange(1000) % 20
    >>> came = (np.arange(1000) // 20 % 5 < np.where(said > 0.5, 4, 1)).astype(float)
    >>> past = calibrate(came, said, day)
    >>> now = expect_metric("accuracy", np.full(100, 0.8), past, np.arange(100) % 7)
    >>> round(estimate_metric(now, past).value, 3), estimate_metric(now, past).blind_to
    (0.8, 'concept drift')
    """
    return expected.estimated(calibration.moved, calibration.shocks, level)


def estimate_auc(scores: Array, calibration: Calibration, days: NDArray[np.int64], level: float = LEVEL) -> Estimated:
    """The area under the ROC curve that is to be expected: the share of pairs, weighted by how likely each is a pair of
    a positive and a negative, in which the positive has the higher score. It takes all rows of the window at once."""
    import numpy as np

    p = calibration.probabilities(scores)[:, 1]
    _, codes = np.unique(scores, return_inverse=True)
    rising, falling = np.bincount(codes, p), np.bincount(codes, 1 - p)
    below = (np.cumsum(falling) - falling / 2)[codes]
    above = (rising.sum() - np.cumsum(rising) + rising / 2)[codes]
    ones, zeros = float(p.sum()), float((1 - p).sum())
    if min(ones, zeros) <= 0:
        raise ValueError(f"{ones:.3g} positives and {zeros:.3g} negatives are expected: an AUC needs both")
    value = float(p @ below) / (ones * zeros)
    slopes = (below - above) / (ones * zeros) - value * (1 / ones - 1 / zeros)
    loads = (slopes * p * (1 - p))[:, None]
    spread = float(slopes @ loads[:, 0]) + float(calibration.shocks[0] * shared(loads, days)[0, 0])
    lean = _lean(np.stack([np.zeros(len(p)), slopes], axis=1), scores, calibration)
    return bounded(value, spread, calibration.moved @ lean, len(p), level)


def _terms(metric: str, scores: Array, classes: int) -> tuple[Array, Array]:
    """What a row adds to the sum above and to the one below, for each class that it may turn out to be."""
    import numpy as np

    each = np.ones((len(scores), classes))
    if metric in MEANS:
        labels = (Truth(np.full(len(scores), float(k))) for k in range(classes))
        losses = np.stack([per_row(MEANS[metric], truth, scores) for truth in labels], axis=1)
        return (1 - losses if metric == "accuracy" else losses), each
    if metric in RATES and scores.ndim == 1:
        called, positive = (scores >= HALF)[:, None] * each, np.array([0.0, 1.0]) * each
        return called * positive, called if metric == "precision" else positive
    known = [*MEANS, *(sorted(RATES) if scores.ndim == 1 else [])]
    raise ValueError(f"there is no estimate of {metric!r} for {classes} classes (known: {', '.join(known)})")


def _lean(moves: Array, scores: Array, calibration: Calibration) -> Array:
    """How much a sum moves with each corner of the curves, if a row's classes move it by `moves`."""
    import numpy as np

    if scores.ndim == 1:
        return np.asarray(calibration.curves[0].lines.design(scores[:, None]).T @ (moves[:, 1] - moves[:, 0]))
    each = [curve.lines.design(scores[:, [k]]).T @ moves[:, k] for k, curve in enumerate(calibration.curves)]
    return np.concatenate(each)
