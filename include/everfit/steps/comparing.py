"""Candidate, champion and a constant answer, brought to the same rows and the same columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from everfit.errors import SpecError
from everfit.gates import Evidence
from everfit.statistics.constant import constant
from everfit.statistics.days import days
from everfit.statistics.truth import Truth
from everfit.steps.feature_table import GROUP, LABEL, OBSERVED, TIME, FeatureTable
from everfit.steps.labels import learnable_rows, truths

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.steps.champion import Champion
    from everfit.steps.scoring import Spread

    Array = NDArray[np.float64]

WITH_MEDIAN = ("binary", "regression")


def gather(
    spec: ModelSpec,
    training: FeatureTable,
    held_out: FeatureTable,
    predictor: Predictor | Spread,
    champion: Champion | None,
    raw: Sequence[pd.DataFrame],
) -> Evidence:
    """The evidence on the rows of `held_out`; `raw` are all rows of its batches, in the order of the champion's scores.

    Of classes, everybody is asked for all that the candidate, the champion or the holdout know: who does not know a
    class gives it a probability of 0, and pays for it where it comes. Of quantiles, both are judged on the levels that
    both predict. Errors: `SpecError` if there is no such level.
    """
    import numpy as np

    known = predictor.card.scores
    columns = _columns(spec, known, champion, held_out.strangers)
    learnt, truth = truth_of(spec, training), truth_of(spec, held_out)
    usual = np.tile(constant(spec.task, learnt, len(known)), (truth.rows, 1))
    return Evidence(
        task=spec.task,
        y=_renamed(truth.y, (*known, *held_out.strangers), columns) if spec.task == "multiclass" else truth.y,
        candidate=_in(columns, predictor.score(held_out.features).astype(float), known),
        champion=_champions(spec, champion, raw, columns),
        baseline=_in(columns, usual, known) if columns else usual[:, 0],
        clusters=_days(held_out),
        champion_saw_holdout=champion is not None and champion.saw_holdout,
        baseline_median=np.full(truth.rows, np.median(learnt.y)) if spec.task in WITH_MEDIAN else None,
        columns=columns,
        groups=truth.groups,
        observed=truth.observed,
    )


def truth_of(spec: ModelSpec, table: FeatureTable) -> Truth:
    """What came, of the rows of a feature table."""
    frame = table.frame
    return Truth(
        frame[LABEL].to_numpy(dtype=float),
        frame[GROUP].to_numpy(dtype="int64") if GROUP in frame else None,
        frame[OBSERVED].to_numpy(dtype=bool) if OBSERVED in frame else None,
        spec.quantiles,
    )


def _columns(
    spec: ModelSpec, known: tuple[str, ...], champion: Champion | None, strangers: tuple[str, ...]
) -> tuple[str, ...]:
    others = champion.columns if champion and champion.scores is not None else ()
    if spec.task == "quantile" and others:
        both = tuple(level for level in known if level in others)
        if not both:
            raise SpecError(
                f"{spec.name}: champion {champion.version if champion else ''} predicts the quantiles "
                f"{', '.join(others)}, the candidate {', '.join(known)}: keep one of them, so that they can be compared"
            )
        return both
    return tuple(dict.fromkeys((*known, *others, *strangers)))


def _champions(
    spec: ModelSpec, champion: Champion | None, raw: Sequence[pd.DataFrame], columns: tuple[str, ...]
) -> Array | None:
    if champion is None or champion.scores is None:
        return None
    return _in(columns, champion.scores[same_rows(spec, raw)].astype(float), champion.columns)


def _in(columns: tuple[str, ...], scores: Array, named: Sequence[str]) -> Array:
    """Scores in the wanted columns; 0 in one that they have no column for."""
    import numpy as np

    if not columns:
        return scores
    found = np.zeros((len(scores), len(columns)))
    for place, name in enumerate(columns):
        if name in named:
            found[:, place] = scores[:, named.index(name)]
    return found


def _renamed(y: Array, names: Sequence[str], columns: tuple[str, ...]) -> Array:
    """Places among `names` as places among `columns`."""
    import numpy as np

    return np.array([columns.index(name) for name in names], dtype=float)[y.astype(np.int64)]


def _days(table: FeatureTable) -> NDArray[np.int64]:
    """The day of each row; a group is of the day of its first row, whole."""
    import numpy as np

    times = table.frame[TIME].dt.tz_localize(None).to_numpy(dtype="datetime64[h]").astype("int64")
    found = days(times)
    if GROUP not in table.frame:
        return found
    _, first, codes = np.unique(table.frame[GROUP].to_numpy(), return_index=True, return_inverse=True)
    return np.asarray(found[first[codes]])


def same_rows(spec: ModelSpec, raw: Sequence[pd.DataFrame]) -> NDArray[np.int64]:
    """Which of all raw rows the feature table has, in its order."""
    import numpy as np

    begins = np.cumsum([0, *map(len, raw)])
    found = [begin + learnable_rows(spec, truths(spec, rows)) for begin, rows in zip(begins, raw, strict=False)]
    return np.concatenate(found)
