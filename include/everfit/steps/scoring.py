"""Many rows scored by the machines of an engine, with the predictor as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from everfit.steps.engine import engine_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.engines import Engine
    from everfit.ports import Ports
    from everfit.predictor import Card, Predictor
    from everfit.spec import ModelSpec

PIECE = 16 << 20  # bytes that go to one task
AT_ONCE = 16  # pieces on their way


def scorer(ports: Ports, spec: ModelSpec, predictor: Predictor) -> Predictor | Spread:
    """Whatever scores as the predictor does: itself, or on the engine's machines."""
    return predictor if spec.engine == "local" else Spread(predictor, engine_of(ports, spec))


@dataclass(frozen=True)
class Spread:
    """A predictor whose rows are scored in pieces, since a row's score does not depend on the rows beside it."""

    predictor: Predictor
    engine: Engine

    @property
    def card(self) -> Card:
        """What the model says of itself."""
        return self.predictor.card

    def predict(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """One score per row, in order, as `Predictor.predict` gives it."""
        return self._all(self.predictor.predict, rows)

    def score(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """One score per row of a feature table, as `Predictor.score` gives it."""
        return self._all(self.predictor.score, features)

    def _all(self, of: Callable[[pd.DataFrame], NDArray[np.float64]], rows: pd.DataFrame) -> NDArray[np.float64]:
        import numpy as np

        left, scores = in_pieces(rows), list[Any]()
        while some := list(islice(left, AT_ONCE)):
            scores += self.engine.map(of, some)
        return np.concatenate(scores)


def in_pieces(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows in order, as much of them at a time as one task gets; at least one piece, even if it is empty."""
    size = int(rows.memory_usage(deep=True).sum()) // max(len(rows), 1)
    step = max(PIECE // max(size, 1), 1)
    yield from (rows.iloc[start : start + step] for start in range(0, max(len(rows), 1), step))
