"""The card's drawings for tasks that put rows in order: a ranking, or who waits how long."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from everfit.plots.card.panels import Grid, Panel, Series, points, some
from everfit.plots.ranking import PLACES, by_group
from everfit.plots.survival import GROUPS, LONGEST, of_rows
from everfit.statistics.kaplan_meier import kaplan_meier, median_time
from everfit.statistics.ndcg import ndcg

if TYPE_CHECKING:
    from everfit.plots.holdout import Holdout

BINS = 24
THIRDS = ("told soonest", "in between", "told latest")


def ranking(holdout: Holdout) -> list[Panel | Grid]:
    """How good the first places are, and how the groups' values lie."""
    import numpy as np

    longest = int(np.unique(holdout.truth.lists, return_counts=True)[1].max())
    places = [place for place in PLACES if place <= longest] or [1]
    series = []
    for who, scores in [*holdout.models, ("baseline", holdout.scores["baseline"])]:
        values = [ndcg(holdout.truth, scores, place).value for place in places]
        series.append(Series(who, tuple(map(float, places)), points(np.array(values)), told=f"{values[-1]:.4f}"))
    note = "NDCG when only the first places of each group count; the baseline knows no order."
    first = Panel("places", "How good the first places are", "places that count", "NDCG", tuple(series), note=note)
    return [first, _groups(holdout)]


def survival(holdout: Holdout) -> list[Panel | Grid]:
    """Whether those who were told to wait long do, and as long as they were told."""
    import numpy as np

    end = float(np.quantile(holdout.y, LONGEST))
    thirds = np.array_split(np.argsort(holdout.scores["candidate"], kind="stable"), len(THIRDS))
    series = []
    for group, name in zip(thirds, THIRDS, strict=True):
        times, lasting = kaplan_meier(of_rows(holdout, group))
        kept = some(len(times)) if len(times) else np.array([], dtype=int)
        x = np.minimum(np.r_[0, times[kept], end], end)
        y = np.r_[1, lasting[kept], lasting[-1:] if len(lasting) else [1.0]]
        series.append(Series(name, points(x), points(y), told=f"{len(group):,} rows"))
    note = "Kaplan-Meier, in thirds by what the candidate told: the further apart, the better it tells them apart."
    waits = Panel(
        "waiting", "Who still waits", "time", "share that still waits", tuple(series), "step", percent="y", note=note
    )
    return [waits, _as_told(holdout)]


def _groups(holdout: Holdout) -> Panel:
    import numpy as np

    from everfit.plots.card.groups import shares

    edges = np.linspace(0, 1, BINS + 1)
    found = {who: by_group(holdout, scores) for who, scores in holdout.models}
    series = tuple(shares(who, one, edges, f"mean {one.mean():.3f}") for who, one in found.items())
    note = "The further to the right, the better."
    x, y = "NDCG of a group", "share of groups"
    return Panel("groups", "NDCG by group", x, y, series, "step", percent="y", note=note)


def _as_told(holdout: Holdout) -> Panel:
    import numpy as np

    series = []
    for who, scores in holdout.models:
        groups = np.array_split(np.argsort(scores, kind="stable"), min(GROUPS, len(scores)))
        both = [(float(np.median(scores[group])), median_time(of_rows(holdout, group))) for group in groups]
        both = [pair for pair in both if isfinite(pair[1])]
        series.append(Series(who, *(points(np.array(each)) for each in zip(*both, strict=True)) if both else ((), ())))
    note = "On the line, half of a group had their event by the time that it was told."
    x, y = "told (median of the group)", "half had waited so long"
    return Panel("reliability", "As long as told", x, y, tuple(series), "dots", "diagonal", square=True, note=note)
