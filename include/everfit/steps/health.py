"""Ends a training whose numbers have stopped to make sense."""

from __future__ import annotations

import tempfile
from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import TrainingFailed
from everfit.models import sample
from everfit.steps.feature_rows import FeatureRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from everfit.features import Columns
    from everfit.models import Algorithm, EachRound, Round, Trained
    from everfit.spec import ModelSpec
    from everfit.steps.feature_table import TableFile
    from everfit.values import Snapshot

TIMES_WORSE = 5.0
"""A loss that is so many times what it was, or could be, is no training any more."""

FEWEST = 30
"""From fewer rows nothing is concluded about answers that are all the same."""

LOOKED_AT = 10_000
"""Rows that a trained model is tried on, about."""


def watch_health(largest: float) -> EachRound:
    """Raise `TrainingFailed` in the round in which a metric stops being a number, or one of the rows learnt from
    explodes.

    Exploding is to be 5 times larger than in the first round, than 1, and than the `largest` label. No healthy loss
    gets there on the rows it is made smaller on: squared and absolute errors begin below the labels' size, log losses
    at the logarithm of the number of classes, and metrics where more is better end at 1. What is not a number from the
    first round on is undefined on these rows, as an AUC is where all labels are equal, as long as another metric of the
    same rows is one.
    """
    first: dict[str, float] = {}

    def watch(ended: Round) -> None:
        for name, value in ended.metrics.items():
            begun = first.setdefault(name, value)
            if not isfinite(value) and not (isnan(begun) and _another(name, ended.metrics)):
                raise TrainingFailed(
                    f"training stopped: {name} is {value} in round {ended.done} of {ended.most} (in the first: "
                    f"{begun:.4g}); {_advice(largest)}"
                )
            bar = TIMES_WORSE * max(abs(begun), 1.0, largest) if isfinite(begun) else float("inf")
            if value > bar and name.startswith("train_"):
                raise TrainingFailed(
                    f"training stopped: {name} grew from {begun:.4g} to {value:.4g} by round {ended.done} of "
                    f"{ended.most}, wanted less than {bar:.4g}; {_advice(largest)}"
                )

    return watch


def check_answers(algorithm: Algorithm, trained: Trained, matrix: NDArray[np.float32], largest: float) -> None:
    """Raise `TrainingFailed` when the trained model answers these rows with what is no number, or all of them alike.

    An algorithm that looks at no column (it gives no importance) may answer all rows alike, and so may any model where
    the rows themselves are alike. `largest` is the largest label.
    """
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="everfit-") as folder:
        path = Path(folder, algorithm.file)
        path.write_bytes(trained.model)
        scores = algorithm.load(path).predict(matrix)
    odd = int((~np.isfinite(scores)).reshape(len(scores), -1).any(axis=1).sum())
    if odd:
        raise TrainingFailed(
            f"the trained model is of no use: {odd:,} of {len(scores):,} answers are not finite numbers; "
            f"{_advice(largest)}"
        )
    if trained.importance and len(scores) >= FEWEST and (scores == scores[0]).all() and _differ(matrix):
        raise TrainingFailed(
            f"the trained model is of no use: it answers each of {len(scores):,} rows with "
            f"{np.array2string(scores[0], precision=4)}, because no tree could be split; {_more(largest)}"
        )


def check_model(
    spec: ModelSpec, snapshot: Snapshot, table: TableFile, columns: Columns, trained: Trained, largest: float
) -> None:
    """The same for a model of the spec, tried on held-out rows of the snapshot."""
    held_out = FeatureRows(table, tuple(batch.partition for batch in snapshot.held_out), columns)
    check_answers(spec.algorithm, trained, sample(held_out, LOOKED_AT).matrix, largest)


def _differ(matrix: NDArray[np.float32]) -> bool:
    """Whether the rows differ from each other at all."""
    import numpy as np

    return not bool(((matrix == matrix[0]) | (np.isnan(matrix) & np.isnan(matrix[0]))).all())


def _another(name: str, metrics: Mapping[str, float]) -> bool:
    """Whether another metric of the same rows is a number."""
    part = name.partition("_")[0]
    return any(isfinite(value) for other, value in metrics.items() if other != name and other.startswith(f"{part}_"))


def _more(largest: float) -> str:
    if largest < 1e-3:  # noqa: PLR2004 - what its square could improve is below what XGBoost takes for nothing, 1e-6
        return f"labels no larger than {largest:.3g} leave nothing to gain: let rows() give them in other units"
    return (
        "give it more rows, or let train.params hold it back less (min_child_weight, min_child_samples, gamma, "
        "max_depth, reg_alpha)"
    )


def _advice(largest: float) -> str:
    if largest > 1e9:  # noqa: PLR2004 - its square leaves float32 its last digits
        return (
            f"labels as large as {largest:.3g} leave no digits for their squares: let rows() give them in other units"
        )
    return (
        "lower train.params.learning_rate, let reg_lambda and min_child_weight hold the trees back more, and look at "
        "the labels and weights that rows() makes"
    )
