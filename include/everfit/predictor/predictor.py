"""From raw rows to scores, with the very code that made the training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit import catalog
from everfit.errors import Corrupted, DataError
from everfit.features import FeatureCode, load_code, read_tables
from everfit.models import Scorer
from everfit.predictor.card import Card
from everfit.predictor.folder import CODE, HISTORY
from everfit.predictor.guard import Guard
from everfit.predictor.refusals import no_such_key
from everfit.values import Answer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Predictor:
    """A loaded model folder. Scoring changes nothing in it: any number of threads may share one.

    The hashes of the files are checked before, by `Registry.model_files`.
    """

    card: Card
    code: FeatureCode
    history: Mapping[str, pd.DataFrame]
    scorer: Scorer
    guard: Guard

    @classmethod
    def load(cls, folder: Path) -> Predictor:
        """Load a model folder. Errors: `Corrupted` for one that is not whole, `SpecError` if its code does not load."""
        card = Card.read(folder)
        algorithm = catalog.algorithm(card.algorithm)
        missing = [name for name in (CODE, algorithm.file) if not (folder / name).is_file()]
        history = read_tables(folder / HISTORY)
        missing += [f"{HISTORY}/{name}.parquet" for name in card.history if name not in history]
        if missing:
            raise Corrupted(f"{folder} is no whole model folder: it lacks {', '.join(missing)}")
        scorer = algorithm.load(folder / algorithm.file)
        return cls(card, load_code(folder / CODE), history, scorer, Guard.of(folder, card))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that a caller sends."""
        return self.card.inputs.names

    def features(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The feature table of raw rows; the errors of `predict`."""
        return self.code.features(self.card.inputs.read(rows), self.history)

    def predict(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """One score per row, in order; a probability for a binary task, a column of them for each class or quantile
        of a task that has several (`card.scores` names them). Columns beyond `inputs` are ignored.

        A row's score does not depend on the rows beside it. Errors: `DataError` that names a column which is missing,
        holds something of another kind or makes an infinite feature.
        """
        return self.score(self.features(rows))

    def score(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """One score per row of a feature table: for rows whose features were made with another history, as the
        holdout's are, which must not know itself.

        Quantiles are put in order, for trees of different levels may cross; that never makes their pinball loss worse
        (Chernozhukov, Fernandez-Val and Galichon, Econometrica 78 (2010) 1093-1125).
        """
        matrix = self.card.columns.encode(features)
        return shaped(self.scorer.predict(matrix) if len(matrix) else None, len(matrix), self.card)

    def answers(self, rows: pd.DataFrame) -> list[Answer]:
        """The scores as a caller gets them: a number per row, or the probability of each class, or each quantile."""
        return in_words(self.predict(rows), self.card.scores)

    def answers_to(self, rows: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The same for rows as callers send them; `DataError` for one that leaves out an input: a gap is a null."""
        return self.answers(frame(rows, self.inputs))


def frame(rows: Sequence[Mapping[str, Any]], inputs: Sequence[str]) -> pd.DataFrame:
    """Rows of JSON as a table of the inputs; `DataError` for a row without one of them."""
    import pandas as pd

    for place, row in enumerate(rows):
        for name in inputs:
            if name not in row:
                raise DataError(no_such_key(name, place, row))
    return pd.DataFrame({name: [row[name] for row in rows] for name in inputs})


def shaped(scores: NDArray[np.float64] | None, rows: int, card: Card) -> NDArray[np.float64]:
    """What an algorithm gave for `rows` rows (None for none of them) as `Predictor.score` promises it."""
    import numpy as np

    named = card.scores
    if scores is None:
        return np.empty((0, len(named)) if named else 0)
    if named:
        scores = scores.reshape(rows, len(named))  # an algorithm may give a single quantile as one number
    return np.sort(scores, axis=1) if card.quantiles else scores


def in_words(scores: NDArray[np.float64], named: Sequence[str]) -> list[Answer]:
    """Scores as plain numbers, those of several columns by the columns' names.

    >>> import numpy as np
    >>> in_words(np.array([0.5]), ()), in_words(np.array([[0.2, 0.8]]), ("late", "on time"))
    ([0.5], [{'late': 0.2, 'on time': 0.8}])
    """
    if not named:
        plain: list[Answer] = scores.tolist()
        return plain
    return [dict(zip(named, row, strict=True)) for row in scores.tolist()]
