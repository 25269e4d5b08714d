"""Losses per row: what a wrong answer costs. Smaller is better for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Loss = Literal["log_loss", "brier", "zero_one", "squared", "absolute"]

TASKS: dict[str, frozenset[str]] = {
    "log_loss": frozenset({"binary"}),
    "brier": frozenset({"binary"}),
    "zero_one": frozenset({"binary"}),
    "squared": frozenset({"regression"}),
    "absolute": frozenset({"regression"}),
}
"""The losses that there are, and the tasks that each is for."""

NEAREST = 1e-15
"""A probability is kept this far from 0 and 1, so that a sure and wrong answer costs 34.5 and not infinity."""


def per_row(loss: str, y: Array, scores: Array) -> Array:
    """The loss of each row: `y` is the label (0 or 1 for binary), `scores` the probability or the prediction.

    `zero_one` calls a row late, ill or bad when its probability is at least one half.

    >>> import numpy as np
    >>> y, p = np.array([1.0, 0.0]), np.array([0.8, 0.4])
    >>> per_row("log_loss", y, p).round(4).tolist(), per_row("brier", y, p).round(2).tolist()
    ([0.2231, 0.5108], [0.04, 0.16])
    """
    import numpy as np

    if loss == "log_loss":
        p = np.clip(scores, NEAREST, 1 - NEAREST)
        return -np.log(np.where(y == 1, p, 1 - p))
    if loss == "zero_one":
        return np.asarray((scores >= 0.5) != (y == 1), dtype=np.float64)  # noqa: PLR2004 - one half is the meaning
    if loss in ("brier", "squared"):
        return (scores - y) ** 2
    if loss == "absolute":
        return np.abs(scores - y)
    raise ValueError(f"there is no loss {loss!r} (known: {', '.join(TASKS)})")
