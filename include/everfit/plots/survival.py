"""Pictures for times until an event: do those who were told to wait long wait long, and as long?"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.plots.holdout import COLOURS, Holdout
from everfit.plots.style import BASELINE, CANDIDATE, CHAMPION, GOOD, picture
from everfit.statistics.kaplan_meier import kaplan_meier, median_time
from everfit.statistics.truth import Truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THIRDS = (("told soonest", CHAMPION), ("in between", GOOD), ("told latest", CANDIDATE))
GROUPS = 8
LONGEST = 0.98


def waiting(holdout: Holdout, path: Path) -> Path:
    """The share that still waits (Kaplan-Meier), in thirds by the time that the candidate predicted."""
    import numpy as np

    groups = np.array_split(np.argsort(holdout.scores["candidate"], kind="stable"), len(THIRDS))
    end = float(np.quantile(holdout.y, LONGEST))
    with picture(path, width=7, height=4.0) as axes:
        for group, (name, colour) in zip(groups, THIRDS, strict=True):
            times, lasting = kaplan_meier(of_rows(holdout, group))
            axes.step(
                np.r_[0, times, end],
                np.r_[100, 100 * lasting, 100 * lasting[-1:]] if len(lasting) else [100, 100],
                where="post",
                color=colour,
                label=f"{name}: {len(group):,} rows",
            )
        axes.set(xlabel="time", ylabel="% that still wait", title="Those told to wait long, do they?", xlim=(0, end))
        axes.legend(loc="best")
    return path


def predicted_and_waited(holdout: Holdout, path: Path) -> Path:
    """In groups by predicted time: the middle prediction against the time by which half had their event."""
    import numpy as np

    with picture(path, width=4.8, height=4.6) as axes:
        top = 0.0
        for who, scores in holdout.models:
            groups = np.array_split(np.argsort(scores, kind="stable"), min(GROUPS, len(scores)))
            both = [(float(np.median(scores[group])), median_time(of_rows(holdout, group))) for group in groups]
            both = [pair for pair in both if isfinite(pair[1])]
            axes.plot(
                *zip(*both, strict=True), color=COLOURS[who], marker="o", markersize=4, label=who
            ) if both else None
            top = max([top, *(max(pair) for pair in both)])
        axes.plot([0, top], [0, top], color=BASELINE, linewidth=1)
        axes.set(xlabel="predicted", ylabel="half had waited so long", title="Predicted and waited")
        axes.set_aspect("equal")
        axes.legend(loc="upper left")
    return path


def of_rows(holdout: Holdout, places: NDArray[np.int64]) -> Truth:
    """What came of some of the rows."""
    return Truth(holdout.y[places], observed=holdout.truth.events[places])
