"""How many of which label there are now, told from the answers of a model before any label has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LEAST = 0.02
"""A confusion matrix whose least singular value is below this says nothing of labels: the answers hardly depend on
them. It is that of a model whose mean answer differs by about 4 points between the labels."""


@dataclass(frozen=True, eq=False)
class Confusion:
    """What a model answers for rows of each label: sums over rows that add up, so that batches merge.

    `given[i, k]` is the sum of the answers for class `i` (probabilities, or 0 and 1) over the rows of label `k`,
    `squares[i, k]` that of their squares, `rows[k]` how many there are.
    """

    given: Array
    squares: Array
    rows: Array

    @staticmethod
    def of(y: Array, scores: Array) -> Confusion:
        """Add up labelled rows: `y` has the number of each row's class, `scores` a column per class or P(1) alone."""
        import numpy as np

        answers = by_class(scores)
        own = (y[:, None] == np.arange(answers.shape[1])).astype(np.float64)
        return Confusion(answers.T @ own, (answers**2).T @ own, own.sum(axis=0))

    def merged(self, other: Confusion) -> Confusion:
        """That of the rows of both."""
        return Confusion(self.given + other.given, self.squares + other.squares, self.rows + other.rows)


@dataclass(frozen=True, eq=False)
class Answered:
    """The mean answer of a model over some rows, whose labels nobody knows; merges too."""

    total: Array
    squares: Array
    rows: int

    @staticmethod
    def of(scores: Array) -> Answered:
        """Add up the answers: a column per class, or P(1) alone."""
        answers = by_class(scores)
        return Answered(answers.sum(axis=0), answers.T @ answers, len(answers))

    def merged(self, other: Answered) -> Answered:
        """That of the rows of both."""
        return Answered(self.total + other.total, self.squares + other.squares, self.rows + other.rows)


@dataclass(frozen=True, eq=False)
class LabelShift:
    """By what factor each label became more frequent, if the rows of each label are what they were.

    `before` and `now` are the shares of the labels, `error` the standard errors of `now`, of rows that are independent.
    `least` is the smallest singular value of the confusion matrix: below `LEAST` the answers say nothing of labels, the
    factors are all 1 and `tells` is False.
    """

    weights: Array
    before: Array
    now: Array
    error: Array
    least: float

    @property
    def tells(self) -> bool:
        """Whether the model's answers depend on the label enough to count labels by them."""
        return self.least >= LEAST


def black_box(reference: Confusion, window: Answered) -> LabelShift:
    """Estimate label shift from a model's answers: solve `mean answer now = sum over labels (answer of label) * share`.

    The model may be bad and uncalibrated; all that is asked is that its answers depend on the label, and that rows of
    one label are distributed as before. Where the inputs moved in another way, the factors mean nothing: see
    `everfit.statistics.decay`, which looks at that when labels have come. Shares are clipped at 0 and made to add up.

    Source: Lipton, Wang and Smola, Detecting and correcting for label shift with black box predictors, ICML 2018.

    >>> import numpy as np
    >>> confusion = Confusion(np.array([[90.0, 20.0], [10.0, 80.0]]), np.array([[90.0, 20.0], [10.0, 80.0]]),
    ...     np.array([100.0, 100.0]))
    >>> now = Answered(np.array([34.0, 66.0]), np.diag([34.0, 66.0]), 100)  # answers of 20 and 80 of each label
    >>> found = black_box(confusion, now)
    >>> found.now.round(3).tolist(), found.weights.round(3).tolist()
    ([0.2, 0.8], [0.4, 1.6])
    """
    import numpy as np

    classes = len(reference.rows)
    seen = np.maximum(reference.rows, 1e-9)
    before = reference.rows / reference.rows.sum()
    answers = reference.given / seen
    least = float(np.linalg.svd(answers * before, compute_uv=False)[-1])
    if least < LEAST / classes or not window.rows:
        return LabelShift(np.ones(classes), before, before, np.full(classes, np.nan), least * classes)
    inverse = np.linalg.inv(answers)
    mean = window.total / window.rows
    now = np.clip(inverse @ mean, 0.0, None)
    now /= now.sum()
    spread = (window.squares / window.rows - np.outer(mean, mean)) / window.rows
    # what the answers of each label are is itself measured: an error of it moves the mean by that label's share
    own = np.maximum(reference.squares / seen - answers**2, 0.0) / seen
    covariance = inverse @ (spread + np.diag(own @ now**2)) @ inverse.T
    return LabelShift(now / np.maximum(before, 1e-9), before, now, np.sqrt(np.diag(covariance)), least * classes)


def by_class(scores: Array) -> Array:
    """A column of answers per class: those of a binary model are P(1), and get P(0) beside it."""
    import numpy as np

    return np.column_stack([1 - scores, scores]) if scores.ndim == 1 else scores
