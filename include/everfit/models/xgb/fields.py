"""What XGBoost is told of rows beside their features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.models import Part, Rows


def fields(task: str, piece: Rows) -> dict[str, Any]:
    """Label and weight of a piece of rows; for survival the bounds of the time. `groups` are told of the whole."""
    import numpy as np

    if task == "ranking":
        return {"label": piece.labels}
    told: dict[str, Any] = {"label": piece.labels, "weight": piece.weights}
    if task == "survival":
        observed = np.ones(piece.rows, dtype=bool) if piece.observed is None else piece.observed
        told["label_lower_bound"] = piece.labels
        told["label_upper_bound"] = np.where(observed, piece.labels, np.float32(np.inf)).astype(np.float32)
    return told


@dataclass(frozen=True, eq=False)
class Groups:
    """How many rows each group has, in order, and how much it counts: as its rows do on average."""

    sizes: NDArray[np.int64]
    weights: NDArray[np.float32] | None


def groups(part: Part) -> Groups | None:
    """The rows that are ranked against each other.

    Told of all pieces together: XGBoost takes a group that goes on in the next piece for two.
    """
    import numpy as np

    told = [(piece.groups, piece.weights) for piece in part.pieces() if piece.groups is not None]
    if not told:
        return None
    each = np.concatenate([group for group, _ in told])
    begins = np.flatnonzero(np.diff(each, prepend=each[:1] - 1))
    sizes = np.diff(begins, append=len(each))
    weights = [weight for _, weight in told if weight is not None]
    if not weights:
        return Groups(sizes, None)
    means = np.add.reduceat(np.concatenate(weights).astype(np.float64), begins) / sizes
    return Groups(sizes, means.astype(np.float32))
