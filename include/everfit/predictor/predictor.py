"""From raw rows to scores, with the very code that made the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit import catalog
from everfit.errors import Corrupted
from everfit.features import FeatureCode, load_code, read_tables
from everfit.models import Scorer
from everfit.predictor.card import Card
from everfit.predictor.folder import CODE, HISTORY

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
        return cls(card, load_code(folder / CODE), history, algorithm.load(folder / algorithm.file))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that a caller sends."""
        return self.card.inputs.names

    def predict(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """One score per row, in order; a probability for a binary task. Columns beyond `inputs` are ignored.

        A row's score does not depend on the rows beside it. Errors: `DataError` that names a column which is missing,
        holds something of another kind or makes an infinite feature.
        """
        return self.score(self.code.features(self.card.inputs.read(rows), self.history))

    def score(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """One score per row of a feature table: for rows whose features were made with another history, as the
        holdout's are, which must not know itself."""
        import numpy as np

        matrix = self.card.columns.encode(features)
        return self.scorer.predict(matrix) if len(matrix) else np.empty(0)
