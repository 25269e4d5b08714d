"""Did many columns move, alone or together? Whether a classifier can tell new rows from old ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.statistics.auc import auc
from everfit.statistics.domain import Told, deal, sample, tell
from everfit.statistics.interval import LEVEL, Estimate, Measured, estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Matrix = NDArray[np.float32]
    Whole = NDArray[np.int64]

MOST = 20_000
"""So many rows of either side are looked at: an AUC of .51 is told from .5 with that many, if rows are independent."""

FOLDS = 4

SHARED = 1.6
"""So many times larger the error of the mean of all folds is than if each were judged by what the others never saw."""

FEWEST_CLUSTERS = 2 * FOLDS
"""With fewer days on a side its rows are taken one by one: nobody knows then how much days differ."""


@dataclass(frozen=True)
class Used:
    """A column and its share in what told the two sides apart."""

    name: str
    share: float


@dataclass(frozen=True)
class TwoSample:
    """How well the window can be told from the reference: an AUC of .5 is not at all, 1 is every row.

    `p` is how often chance alone tells them apart so well. `ranking` has the columns that did it, most first. With
    `by_cluster` rows of one cluster may go together in any way; without, rows were taken for independent because there
    were too few clusters, and a day that merely differs from other days is found too.
    """

    auc: Estimate
    p: float
    ranking: tuple[Used, ...]
    by_cluster: bool


def two_sample(
    reference: Matrix,
    window: Matrix,
    names: Sequence[str],
    *,
    clusters: tuple[Whole, Whole] | None = None,
    most: int = MOST,
    level: float = LEVEL,
    seed: int = 0,
) -> TwoSample:
    """Test whether two sets of rows come from one distribution: the out-of-fold AUC of a classifier between them.

    Rows by columns, NaN is missing, categories are codes. It sees what no column shows alone, such as two columns that
    stopped going together, and ranks the columns by what they did for it. Whole clusters (days) are dealt to four
    folds; the AUC of each fold is about rows that its classifier has not seen, so under no change it is .5 on average
    whatever the classifier does; taken over all folds at once it would be a little less, as folds differ in level.
    The interval and `p` (one-sided, above .5) add DeLong's influences up by cluster, as Obuchowski does, with more
    than twice that variance: folds learn from each other, so that what one finds by chance the other finds again (see
    `fold_by_fold`).

    At most `most` rows of a side are looked at, drawn by `seed`, so the cost does not grow with the window.

    Sources: Lopez-Paz and Oquab, Revisiting classifier two-sample tests, ICLR 2017; Rabanser, Gunnemann and Lipton,
    Failing loudly, NeurIPS 2019; Obuchowski, Biometrics 53 (1997) 567-578; Airola et al., Computational Statistics and
    Data Analysis 55 (2011) 1828-1844, for pooling the folds.

    >>> import numpy as np
    >>> random = np.random.default_rng(1)
    >>> old, new = (random.normal(size=(500, 2)).astype(np.float32) for _ in range(2))
    >>> new[:, 1] += 1
    >>> found = two_sample(old, new, ["still", "moved"])
    >>> found.auc.value > 0.7, found.p < 1e-6, found.ranking[0].name
    (True, True, 'moved')
    """
    import numpy as np

    if min(len(reference), len(window)) < FEWEST_CLUSTERS:
        raise ValueError(
            f"found {len(reference)} and {len(window)} rows: to tell them apart takes {FEWEST_CLUSTERS} of either"
        )
    chosen = [sample(len(side), most, seed) for side in (reference, window)]
    matrix = np.concatenate([side[rows] for side, rows in zip((reference, window), chosen, strict=True)])
    of_window = np.arange(len(matrix)) >= len(chosen[0])
    if clusters is None:
        days = [np.arange(len(rows)) for rows in chosen]
    else:
        days = [np.unique(side[rows], return_inverse=True)[1] for side, rows in zip(clusters, chosen, strict=True)]
    by_cluster = clusters is not None and all(int(side.max()) + 1 >= FEWEST_CLUSTERS for side in days)
    if not by_cluster:
        days = [np.arange(len(rows)) for rows in chosen]
    folds = np.concatenate([deal(side, FOLDS) for side in days])
    told = tell(matrix, of_window, folds, seed=seed)
    found = estimate(fold_by_fold(of_window, told), np.concatenate([days[0], days[0].max() + 1 + days[1]]), level)
    order = np.argsort(-told.gain, kind="stable")
    ranking = tuple(Used(names[one], float(told.gain[one])) for one in order if told.gain[one] > 0)
    return TwoSample(found, found.p(0.5, above=True), ranking, by_cluster)


def scores_moved(
    reference: Array,
    window: Array,
    *,
    clusters: tuple[Whole, Whole] | None = None,
    most: int = MOST,
    seed: int = 0,
) -> TwoSample:
    """Test whether a model's answers moved: under label shift they do, and one column is tested instead of many.

    `reference` and `window` have a score per row, or a column of them per class. This is black box shift detection; how
    much of which label there is now is said by `everfit.statistics.label_shift`.

    Source: Rabanser, Gunnemann and Lipton, Failing loudly, NeurIPS 2019 (BBSDs).

    >>> import numpy as np
    >>> random = np.random.default_rng(1)
    >>> scores_moved(random.beta(2, 2, 800), random.beta(2, 4, 800)).p < 1e-6
    True
    """
    import numpy as np

    old, new = (np.asarray(side, dtype=np.float32).reshape(len(side), -1) for side in (reference, window))
    return two_sample(old, new, [f"score_{k}" for k in range(old.shape[1])], clusters=clusters, most=most, seed=seed)


def fold_by_fold(of_window: NDArray[np.bool_], told: Told) -> Measured:
    """The mean of the folds' AUCs, each weighing as its rows, with the influence of each row on it, times 1.6.

    A classifier of two folds that finds a chance difference `b` in one is right in the other as far as `a * b` goes,
    if `a` is the difference there; and so is the classifier of the other, by the very same product. Each pair of folds
    counts twice, so the variance of the mean is up to twice what it would be if folds were judged independently. It is
    twice for a linear classifier of many columns; for these trees we measured 1.5 to 2.2 times, the most with few days.
    So 2.56 times the variance is taken, to the safe side.
    """
    import numpy as np

    value, influence = 0.0, np.zeros(len(of_window))
    for fold in range(int(told.folds.max()) + 1):
        rows = told.folds == fold
        share = float(rows.mean())
        area = auc(of_window[rows].astype(np.float64), told.odds[rows])
        value += share * area.value
        influence[rows] = SHARED * share * area.influence
    return Measured(value, influence)
