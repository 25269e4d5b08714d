"""The card's drawings for tasks that answer with an amount, or with quantiles of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.plots.card.groups import reliability, shares
from everfit.plots.card.panels import Grid, Panel, Series, points, some
from everfit.statistics.interval import estimate, mean

if TYPE_CHECKING:
    from everfit.plots.holdout import Holdout

BINS = 40
FAR = 0.99
ON_LINE = "On the line, rows come on average as predicted. Bars are 90 % intervals by day."


def regression(holdout: Holdout) -> list[Panel | Grid]:
    """Predicted against actual, how many rows are how far off (Bi and Bennett 2003), and where the errors lie."""
    series = tuple(reliability(who, scores, holdout.y, holdout.days) for who, scores in holdout.models)
    met = Panel(
        "reliability",
        "Predicted and actual",
        "predicted, mean of the group",
        "actual, mean of the group",
        series,
        "dots",
        "diagonal",
        True,
        note=ON_LINE,
    )
    return [_errors(holdout), met, _left_over(holdout)]


def quantile(holdout: Holdout) -> list[Panel | Grid]:
    """Whether as many labels lie below each quantile as should, and what each costs."""
    series = []
    for who, scores in holdout.models:
        found = [estimate(mean((holdout.y <= column).astype(float)), holdout.days) for column in scores.T]
        ends = [(one.value, one.low, one.high) for one in found]
        value, low, high = (tuple(round(number, 6) for number in each) for each in zip(*ends, strict=True))
        series.append(Series(who, holdout.truth.levels, value, low, high))
    note = "On the line, as many labels lie below each quantile as should. Bars are 90 % intervals by day."
    x, y = "level of the quantile", "share of labels at or below it"
    below = Panel("reliability", "Reliability", x, y, tuple(series), "dots", "diagonal", True, "xy", note)
    return [below, _cost(holdout), _width(holdout)]


def _errors(holdout: Holdout) -> Panel:
    import numpy as np

    off = {who: np.sort(np.abs(holdout.y - scores)) for who, scores in holdout.models}
    off["baseline"] = np.sort(np.abs(holdout.y - holdout.scores["baseline"]))
    end = float(np.quantile(off["baseline"], FAR)) or 1.0
    at, series = np.linspace(0, end, len(some(10_000))), []
    for who, sizes in off.items():
        share = np.searchsorted(sizes, at, side="right") / len(sizes)
        series.append(Series(who, points(at), points(share), told=f"half within {np.median(sizes):.4g}"))
    note = "The higher the line, the more rows are so near; the baseline says the same for every row."
    return Panel("errors", "How near it is", "off by at most", "share of rows", tuple(series), percent="y", note=note)


def _left_over(holdout: Holdout) -> Panel:
    import numpy as np

    left = {who: holdout.y - scores for who, scores in holdout.models}
    far = max(float(np.quantile(np.abs(one), FAR)) for one in left.values()) or 1.0
    edges = np.linspace(-far, far, BINS + 1)
    series = tuple(shares(who, one, edges, f"mean {one.mean():.3g}") for who, one in left.items())
    note = "The narrower and the more around 0, the better."
    x, y = "actual less predicted", "share of rows"
    return Panel("left_over", "What is left over", x, y, series, "step", percent="y", note=note)


def _cost(holdout: Holdout) -> Panel:
    import numpy as np

    series = []
    for who, scores in holdout.models:
        short = holdout.y[:, None] - scores
        levels = np.array(holdout.truth.levels)
        cost = np.maximum(levels * short, (levels - 1) * short).mean(axis=0)
        series.append(Series(who, holdout.truth.levels, points(cost), told=f"mean {cost.mean():.4g}"))
    note = "The pinball loss of each level: lower is better."
    return Panel(
        "cost", "What each level costs", "level of the quantile", "loss", tuple(series), percent="x", note=note
    )


def _width(holdout: Holdout) -> Panel:
    import numpy as np

    wide = {who: scores[:, -1] - scores[:, 0] for who, scores in holdout.models}
    end = max(float(np.quantile(one, FAR)) for one in wide.values()) or 1.0
    edges = np.linspace(0, end, BINS + 1)
    series = tuple(shares(who, one, edges, f"mean {one.mean():.3g}") for who, one in wide.items())
    x = "highest less lowest quantile"
    note = "Narrower says more, if it is reliable."
    return Panel("width", "How wide its range is", x, "share of rows", series, "step", percent="y", note=note)
