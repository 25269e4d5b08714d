"""How many times denser rows are in a window than in a reference, and what a shift of labels explains of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.auc import auc
from everfit.statistics.domain import deal, tell
from everfit.statistics.interval import Estimate, estimate, mean
from everfit.statistics.two_sample import fold_by_fold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Yes = NDArray[np.bool_]

FOLDS = 2

MOST = 4.0
"""A log density ratio is kept within this: what is 55 times denser may be as well 1,000 times denser."""

BINS = 20
"""The reference's answers are cut into so many ranges, to see how probable a label is in each."""

CREDIBLE = 0.5
"""A shift of labels is believed beside another move if it explains at least so much of how the inputs moved."""


@dataclass(frozen=True, eq=False)
class Ratios:
    """Log density ratios, window over reference, for the rows of both, one after the other, in two parts that add up.

    `label` depends on the label alone, `covariate` on the columns alone. `moved` is the AUC with which columns alone
    tell the two apart.
    """

    label: Array
    covariate: Array
    moved: Estimate

    @property
    def whole(self) -> Array:
        """Both, kept within bounds."""
        return within(self.label + self.covariate)


def ratios(
    matrix: NDArray[np.float32],
    window: Yes,
    clusters: Whole,
    labels: Whole | None,
    scores: Array | None,
    *,
    seed: int = 0,
) -> Ratios:
    """Split how the rows moved into what a shift of labels does and what a shift of covariates does.

    A shift of labels alone multiplies the density by a function of the label, a shift of covariates alone by a function
    of the columns, so `log ratio = a(label) + b(columns)` holds both; what neither does is a change of the concept. The
    two overlap, since columns tell of labels, and in most cases one reading is enough. So the fewest are taken that
    suffice (changes are sparse: Scholkopf et al., Proc. IEEE 109 (2021) 612-634):

    - neither, if nothing moves the columns or the model's answers: a shift of either kind would have;
    - labels may have shifted only if the answers moved at least half as much as follows from it (the idea of black box
      shift estimation, Lipton et al., ICML 2018); where they did not, more rows of a label are a change of the concept;
    - of labels alone and columns alone, the likelier one if the likelihood of which side a row is from, out of fold, is
      not surely better with both;
    - else both, or the columns alone where labels may not have shifted.

    `scores` are the model's answers, None where they rest on broken columns.
    """
    import numpy as np

    folds = deal(clusters, FOLDS)
    told = tell(matrix, window, folds, seed=seed)
    moved = estimate(fold_by_fold(window, told), clusters)
    nothing = np.zeros(len(window))
    if moved.low <= 0.5 and (scores is None or _still(scores, window, clusters)):  # noqa: PLR2004 - a coin
        return Ratios(nothing, nothing, moved)
    columns = scaled(told.odds, window, nothing)
    label = None if labels is None else _by_label(labels, window, nothing)
    if labels is None or label is None or not (scores is None or _credible(label, window, scores)):
        return Ratios(nothing, columns, moved)
    beside = scaled(tell(matrix, window, folds, known=label, seed=seed).odds, window, label)
    both = [(label, beside), (_by_label(labels, window, columns), columns)]
    best, likely = _likeliest(both, window)
    alone, likely_alone = _likeliest([(label, nothing), (nothing, columns)], window)
    a, b = alone if estimate(mean(likely - likely_alone), clusters).low <= 0 else best
    return Ratios(a, b, moved)


def within(odds: Array) -> Array:
    """Log density ratios that are none too large to be believed."""
    import numpy as np

    return np.clip(odds, -MOST, MOST)


def balanced(window: Yes) -> Array:
    """Weights of rows that let both sides weigh the same, 1 on average."""
    import numpy as np

    share = float(window.mean())
    return np.where(window, 0.5 / share, 0.5 / (1 - share))


def _likeliest(pairs: list[tuple[Array, Array]], window: Yes) -> tuple[tuple[Array, Array], Array]:
    found = [(pair, _likelihood(pair[0], pair[1], window)) for pair in pairs]
    return max(found, key=lambda one: float(one[1].mean()))


def _likelihood(label: Array, covariate: Array, window: Yes) -> Array:
    import numpy as np

    odds = label + covariate
    return np.asarray(-balanced(window) * np.logaddexp(0, np.where(window, -odds, odds)))


def _by_label(labels: Whole, window: Yes, known: Array) -> Array:
    """The function of the label of highest likelihood beside what is known, half a row of each side added."""
    import numpy as np
    from scipy.special import expit

    weights = balanced(window)
    size = int(labels.max()) + 1
    found = np.zeros(size)
    for _ in range(25):
        p = expit(known + found[labels])
        slope = np.bincount(labels, weights * (window - p), size) + 0.5 * (0.5 - expit(found))
        curve = np.bincount(labels, weights * p * (1 - p), size) + 0.25
        step = np.clip(slope / curve, -2, 2)
        found += step
        if np.abs(step).max() < 1e-8:  # noqa: PLR2004 - it has settled
            break
    return np.asarray(found[labels])


def scaled(odds: Array, window: Yes, known: Array) -> Array:
    """The log odds times what makes them likeliest, from 0 to 3: trees that learn slowly say too little."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda by: -float(_likelihood(known, by * odds, window).mean()), bounds=(0, 3), method="bounded"
    )
    return found.x * odds  # type: ignore[no-any-return]


def _still(scores: Array, window: Yes, clusters: Whole) -> bool:
    """Whether no answer became more or less frequent: each class's scores tell the windows apart no better than a coin.

    Two-sided, at 5 % over all classes (Bonferroni). For a model that is not too bad this sees a shift of labels long
    before a classifier over all columns does (Rabanser et al., NeurIPS 2019).
    """
    classes = scores.T if scores.ndim > 1 else [scores]
    level = 1 - 0.025 / len(classes)
    found = [estimate(auc(window.astype(float), one), clusters, level) for one in classes]
    return all(one.low <= 0.5 <= one.high for one in found)  # noqa: PLR2004 - a coin


def _credible(label: Array, window: Yes, scores: Array) -> bool:
    """Whether the answers moved at least half as much as they do where rows become denser by their labels alone.

    How much is seen in the mean factor of the rows that get an answer, which a shift of labels raises.
    """
    import numpy as np

    known, factor = ~window, np.exp(label)
    if scores.ndim > 1:
        answers = scores.argmax(axis=1)
        size = scores.shape[1]
    else:
        edges = np.quantile(scores[known], np.linspace(0, 1, BINS + 1)[1:-1])
        answers, size = np.searchsorted(edges, scores), BINS
    rows = np.bincount(answers[known], minlength=size)
    mean_factor = (np.bincount(answers[known], factor[known], size) / np.maximum(rows, 1))[answers]
    before = float(mean_factor[known].mean())
    follows = float(np.average(mean_factor[known], weights=factor[known])) - before
    return float(mean_factor[window].mean()) - before >= CREDIBLE * follows
