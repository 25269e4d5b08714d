"""From rows to the data set that LightGBM grows trees on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError
from everfit.models._names import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.models import Part, Rows, Training

NEVER = '[]{}",: \t\n\r'
A_VALUE = 5  # bytes: float32, and the number of its bin
A_ROW = 24  # bytes: label, weight, gradient, hessian and score


@dataclass(frozen=True, eq=False)
class Binned:
    """Makes the data sets of one training: binned as the rows learnt from are."""

    data: Training
    params: dict[str, Any]

    def learnt(self, rows: Rows) -> Any:
        """The rows to learn from."""
        return self._dataset(rows)

    def watched(self, rows: Rows, learnt: Any) -> Any:
        """Other rows, in the bins of those learnt from."""
        return self._dataset(rows, learnt)

    def _dataset(self, rows: Rows, reference: Any = None) -> Any:
        import lightgbm

        return lightgbm.Dataset(
            rows.matrix,
            rows.labels,
            reference=reference,
            weight=rows.weights,
            group=None if rows.groups is None else lengths(rows.groups),
            feature_name=plain(self.data.names, NEVER),
            categorical_feature=[place for place, kind in enumerate(self.data.kinds) if kind == "c"],
            params=self.params,
        ).construct()


def check_fits(part: Part, columns: int, memory: int) -> None:
    """Raise `SpecError` when the rows would not fit into so many bytes (0: any): LightGBM keeps them all in memory."""
    wanted = part.rows * (columns * A_VALUE + A_ROW)
    if memory and wanted > memory:
        raise SpecError(
            f"lightgbm would hold {part.rows:,} rows in about {wanted / 2**20:,.0f} MiB, and the training may take "
            f"{memory / 2**20:,.0f} MiB: shorten the window, or train with xgboost, which can leave rows on disk"
        )


def lengths(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many rows each group has, in order.

    >>> import numpy as np
    >>> lengths(np.array([7, 7, 7, 2, 2])).tolist()
    [3, 2]
    """
    import numpy as np

    begins = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    return np.diff(np.append(begins, len(groups)))
