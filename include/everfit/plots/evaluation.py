"""Pictures of how a candidate does on the holdout, beside the champion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from everfit.plots.classes import class_shares, confusion
from everfit.plots.holdout import COLOURS, Holdout
from everfit.plots.quantiles import bands, below
from everfit.plots.ranking import gain_by_group, gain_by_place
from everfit.plots.style import BASELINE, CANDIDATE, CHAMPION, FAINT, picture
from everfit.plots.survival import predicted_and_waited, waiting
from everfit.statistics.interval import estimate, mean
from everfit.statistics.metrics import measure

POINTS = 400
BINS = 10
LATE_SHARE = 0.995


def draw(holdout: Holdout, folder: Path) -> list[Path]:
    """Draw what fits the task into `folder`; none if a score is not finite or the label does not vary."""
    import numpy as np

    if not all(np.isfinite(scores).all() for _, scores in holdout.models) or np.ptp(holdout.y) == 0:
        return []
    return [one(holdout, folder / f"{name}.png") for name, one in PICTURES[holdout.task].items()]


def roc(holdout: Holdout, path: Path) -> Path:
    """Share of positives found against share of negatives taken for positives."""
    import numpy as np

    with picture(path, width=4.8, height=4.6) as axes:
        axes.plot([0, 1], [0, 1], color=BASELINE, linewidth=1)
        for who, scores in holdout.models:
            order = np.argsort(-scores, kind="stable")
            positive, ends = holdout.y[order] == 1, np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]
            found, wrong = (np.r_[0, np.cumsum(of)[ends] / of.sum()] for of in (positive, ~positive))
            some = np.unique(np.linspace(0, len(found) - 1, POINTS).astype(int))
            value = measure("auc", holdout.truth, scores).value
            axes.plot(wrong[some], found[some], color=COLOURS[who], label=f"{who}, AUC {value:.4f}")
        axes.set(xlabel="share of negatives called positive", ylabel="share of positives found", title="ROC")
        axes.set_aspect("equal")
        axes.legend(loc="lower right")
    return path


def calibration(holdout: Holdout, path: Path) -> Path:
    """In ten equal groups by score: the mean score against the share that came true, with its 90 % interval by day."""
    import numpy as np

    with picture(path, width=4.8, height=4.6) as axes:
        top = 0.0
        for who, scores in holdout.models:
            groups = np.array_split(np.argsort(scores, kind="stable"), BINS)
            groups = [
                group for group in groups if len(group) and np.ptp(holdout.days[group])
            ]  # an interval takes two days
            said = [scores[group].mean() for group in groups]
            true = [estimate(mean(holdout.y[group]), holdout.days[group]) for group in groups]
            middle = [one.value for one in true]
            error = [[one.value - one.low for one in true], [one.high - one.value for one in true]]
            axes.errorbar(said, middle, error, color=COLOURS[who], marker="o", markersize=4, linewidth=1.2, label=who)
            top = max([top, *said, *(one.high for one in true)])
        axes.plot([0, top], [0, top], color=BASELINE, linewidth=1)
        axes.set(xlabel="mean score of the group", ylabel="share that came true", title="Calibration")
        axes.set_aspect("equal")
        axes.legend(loc="upper left")
    return path


def scores_by_label(holdout: Holdout, path: Path) -> Path:
    """How the candidate's scores lie for rows of either label."""
    import numpy as np

    edges = np.linspace(0, max(float(np.quantile(holdout.scores["candidate"], LATE_SHARE)), 1e-9), 41)
    with picture(path, width=7) as axes:
        for label, colour in ((0, FAINT), (1, CANDIDATE)):
            some = holdout.scores["candidate"][holdout.y == label]
            share = 100 * np.histogram(some, edges)[0] / len(some)
            axes.stairs(share, edges, color=colour, fill=True, alpha=0.25)
            axes.stairs(share, edges, color=colour, linewidth=1.6, label=f"label {label}: {len(some):,} rows")
        axes.set(xlabel="score", ylabel="% of the label's rows", title="The candidate's scores by label")
        axes.legend(loc="upper right")
    return path


def predicted_and_actual(holdout: Holdout, path: Path) -> Path:
    """The candidate's prediction of each row against what came, as a density."""
    import numpy as np

    both = np.concatenate([holdout.y, holdout.scores["candidate"]])
    low, high = float(np.quantile(both, 1 - LATE_SHARE)), float(np.quantile(both, LATE_SHARE))
    with picture(path, width=5.4, height=4.6) as axes:
        axes.hexbin(
            holdout.scores["candidate"],
            holdout.y,
            gridsize=50,
            bins="log",
            mincnt=1,
            cmap="Blues",
            extent=(low, high) * 2,
        )
        axes.plot([low, high], [low, high], color=CHAMPION, linewidth=1)
        axes.set(xlabel="predicted", ylabel="actual", title="Predicted and actual", xlim=(low, high), ylim=(low, high))
        axes.set_aspect("equal")
    return path


def residuals_by_hour(holdout: Holdout, path: Path) -> Path:
    """Actual less predicted by hour of the day: median, and the middle half of the candidate's."""
    import numpy as np

    present = np.unique(holdout.hours)
    with picture(path, width=7) as axes:
        axes.axhline(0, color=BASELINE, linewidth=1)
        for who, scores in holdout.models:
            rest = holdout.y - scores
            low, middle, high = np.array([np.quantile(rest[holdout.hours == h], [0.25, 0.5, 0.75]) for h in present]).T
            axes.plot(present, middle, color=COLOURS[who], marker="o", markersize=4, label=f"{who}, median")
            if who == "candidate":
                axes.fill_between(
                    present, low, high, color=COLOURS[who], alpha=0.15, linewidth=0, label="its middle half"
                )
        axes.set(xlabel="hour of the day (UTC)", ylabel="actual less predicted", title="What is left over, by hour")
        axes.legend(loc="best")
    return path


PICTURES: Mapping[str, Mapping[str, Callable[[Holdout, Path], Path]]] = {
    "binary": {"roc": roc, "calibration": calibration, "scores": scores_by_label},
    "multiclass": {"confusion": confusion, "class_shares": class_shares},
    "regression": {"predicted_and_actual": predicted_and_actual, "residuals_by_hour": residuals_by_hour},
    "quantile": {"below": below, "bands": bands},
    "ranking": {"gain_by_place": gain_by_place, "gain_by_group": gain_by_group},
    "survival": {"waiting": waiting, "predicted_and_waited": predicted_and_waited},
}
