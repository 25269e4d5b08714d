"""Pictures for quantiles: whether as many labels lie below as should, and what the bands look like."""

from __future__ import annotations

from pathlib import Path

from everfit.plots.holdout import COLOURS, Holdout
from everfit.plots.style import BASELINE, CANDIDATE, INK, picture
from everfit.statistics.interval import estimate, mean

GROUPS = 15
FEWEST = 20


def below(holdout: Holdout, path: Path) -> Path:
    """For each level the share of labels at or below its prediction, with its 90 % interval by day."""
    import numpy as np

    levels = 100 * np.array(holdout.truth.levels)
    with picture(path, width=4.8, height=4.6) as axes:
        axes.plot([0, 100], [0, 100], color=BASELINE, linewidth=1)
        for who, scores in holdout.models:
            found = [estimate(mean((holdout.y <= column).astype(float)), holdout.days) for column in scores.T]
            middle = [100 * one.value for one in found]
            error = [
                [100 * (one.value - one.low) for one in found],
                [100 * (one.high - one.value) for one in found],
            ]
            axes.errorbar(levels, middle, error, color=COLOURS[who], marker="o", markersize=4, linewidth=1.2, label=who)
        axes.set(xlabel="level in %", ylabel="% of labels at or below it", title="Do as many lie below as should?")
        axes.set_aspect("equal")
        axes.legend(loc="upper left")
    return path


def bands(holdout: Holdout, path: Path) -> Path:
    """In groups by the middle prediction: the candidate's mean quantiles as bands, those of the labels as dots."""
    import numpy as np

    scores, levels = holdout.scores["candidate"], holdout.truth.levels
    middle = scores[:, len(levels) // 2]
    order = np.argsort(middle, kind="stable")
    groups = np.array_split(order, max(1, min(GROUPS, len(order) // FEWEST)))
    at = np.array([middle[group].mean() for group in groups])
    said = np.array([scores[group].mean(axis=0) for group in groups])
    came = np.array([np.quantile(holdout.y[group], levels) for group in groups])
    with picture(path, width=7, height=4.2) as axes:
        for low in range(len(levels) // 2):
            high = len(levels) - 1 - low
            name = f"predicted, {levels[low]:g} to {levels[high]:g}"
            axes.fill_between(at, said[:, low], said[:, high], color=CANDIDATE, alpha=0.18, linewidth=0, label=name)
        axes.plot(at, said[:, len(levels) // 2], color=CANDIDATE, label=f"predicted, {levels[len(levels) // 2]:g}")
        for place, column in enumerate(came.T):
            axes.scatter(at, column, color=INK, s=9, zorder=3, label=None if place else "quantiles of what came")
        axes.set(
            xlabel="predicted (mean of a group of rows)", ylabel="label", title="Predicted quantiles and what came"
        )
        axes.legend(loc="upper left")
    return path
