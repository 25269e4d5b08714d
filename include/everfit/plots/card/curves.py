"""The drawings of a task for the card, from the holdout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from everfit.plots.card.amounts import quantile, regression
from everfit.plots.card.chances import binary, multiclass
from everfit.plots.card.orders import ranking, survival
from everfit.plots.card.panels import Grid

if TYPE_CHECKING:
    from everfit.plots.card.panels import Panel
    from everfit.plots.holdout import Holdout

DRAWINGS: Mapping[str, Callable[[Holdout], list[Panel | Grid]]] = {
    "binary": binary,
    "multiclass": multiclass,
    "regression": regression,
    "quantile": quantile,
    "ranking": ranking,
    "survival": survival,
}


def curves(holdout: Holdout) -> tuple[Panel | Grid, ...]:
    """What fits the task; nothing if a score is not finite or the label does not vary."""
    import numpy as np

    if not all(np.isfinite(scores).all() for scores in holdout.scores.values()) or np.ptp(holdout.y) == 0:
        return ()
    return tuple(panel for panel in DRAWINGS[holdout.task](holdout) if isinstance(panel, Grid) or panel.shows)
