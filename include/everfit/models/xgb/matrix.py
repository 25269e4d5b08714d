"""From pieces of rows to the matrix that XGBoost grows trees on, without a second copy of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from everfit.models._names import plain
from everfit.models.xgb.fields import fields as told

if TYPE_CHECKING:
    from everfit.models import Part, Rows, Training

NEVER = "[]<"
"""What XGBoost takes in no name of a column."""


@dataclass(frozen=True, eq=False)
class Binned:
    """Makes the matrices of one training: binned as the rows learnt from are."""

    data: Training
    max_bin: int
    threads: int

    def learnt(self) -> Any:
        """The rows to learn from."""
        return self._matrix(self.data.train, self._fields)

    def watched(self, part: Part, learnt: Any) -> Any:
        """Other rows, in the bins of those learnt from; each counts the same, as it does for the gates."""
        return self._matrix(part, lambda piece: self._fields(replace(piece, weights=None)), learnt)

    def _matrix(self, part: Part, fields: Callable[[Rows], dict[str, Any]], ref: Any = None) -> Any:
        import xgboost

        return xgboost.QuantileDMatrix(
            _pieces(part, fields),
            enable_categorical=True,
            max_bin=self.max_bin,
            nthread=self.threads,
            ref=ref,
        )

    def _fields(self, piece: Rows) -> dict[str, Any]:
        return {
            "data": piece.matrix,
            **told(self.data.task, piece),
            "feature_names": plain(self.data.names, NEVER),
            "feature_types": list(self.data.kinds),
        }


def _pieces(part: Part, fields: Callable[[Rows], dict[str, Any]]) -> Any:
    """The pieces as XGBoost asks for them: from the first to the last, as often as it likes."""
    import xgboost

    class Pieces(xgboost.DataIter):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = part.pieces()
            super().__init__()

        def next(self, input_data: Callable[..., None]) -> bool:
            piece = next(self.left, None)
            if piece is None:
                return False
            input_data(**fields(piece))
            return True

        def reset(self) -> None:
            self.left = part.pieces()

    return Pieces()
