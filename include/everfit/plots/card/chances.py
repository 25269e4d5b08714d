"""The card's drawings for tasks that answer with probabilities: of one event, or of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.plots.card.groups import shares, smooth
from everfit.plots.card.panels import Grid, Panel, Series, points, some
from everfit.statistics.metrics import measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.plots.holdout import Holdout

    Array = NDArray[np.float64]

BINS = 32
FAR = 0.995
SHOWN = 10
WIDEST = 22
COMES_TRUE = "On the line, what is said comes true as often as it says. The band is a 90 % interval by day."


def binary(holdout: Holdout) -> list[Panel | Grid]:
    """ROC, precision and recall, reliability, and how the scores of either label lie."""
    return [_roc(holdout), _precision(holdout), _reliability(holdout), _scores(holdout)]


def multiclass(holdout: Holdout) -> list[Panel | Grid]:
    """What each class is taken for, whether the likeliest class comes as often as it should, and each class' share."""
    series = [
        smooth(who, s.max(axis=1), (s.argmax(axis=1) == holdout.y).astype(float), holdout.days)
        for who, s in holdout.models
    ]
    sure = Panel(
        "reliability",
        "Reliability",
        "probability of the likeliest class",
        "share that it was right",
        tuple(series),
        "band",
        "diagonal",
        square=True,
        percent="xy",
        note=COMES_TRUE,
    )
    return [_confusion(holdout), sure, _class_shares(holdout)]


def _roc(holdout: Holdout) -> Panel:
    series = []
    for who, scores in holdout.models:
        found, wrong, _ = _found(holdout.y, scores)
        auc = measure("auc", holdout.truth, scores).value
        series.append(_line(who, wrong, found, f"AUC {auc:.4f}"))
    x, y = "share of negatives called positive", "share of positives found"
    note = "The higher the line, the better it tells the two apart; on the grey line it cannot."
    return Panel("roc", "ROC", x, y, tuple(series), ideal="diagonal", square=True, percent="xy", note=note)


def _precision(holdout: Holdout) -> Panel:
    import numpy as np

    rate, series = float(holdout.y.mean()), []
    for who, scores in holdout.models:
        found, _, right = _found(holdout.y, scores)
        average = float(np.sum(np.diff(found) * right[1:]))
        series.append(_line(who, found[1:], right[1:], f"average {average:.4f}"))
    series.append(Series("baseline", (0.0, 1.0), (rate, rate), told=f"{rate:.4f}"))
    note = "Of the rows with the highest scores, how many are positive; without knowledge it is the base rate."
    x, y = "share of positives found (recall)", "share of called that are positive"
    return Panel("precision", "Precision and recall", x, y, tuple(series), square=True, percent="xy", note=note)


def _reliability(holdout: Holdout) -> Panel:
    series = tuple(smooth(who, scores, holdout.y, holdout.days) for who, scores in holdout.models)
    x, y = "score", "share that came true"
    return Panel("reliability", "Reliability", x, y, series, "band", "diagonal", True, "xy", COMES_TRUE)


def _scores(holdout: Holdout) -> Panel:
    import numpy as np

    scores = holdout.scores["candidate"]
    edges = np.linspace(0, max(float(np.quantile(scores, FAR)), 1e-9), BINS + 1)
    series = []
    for label in (0, 1):
        of = scores[holdout.y == label]
        series.append(shares(f"label {label}", of, edges, f"{len(of):,} rows"))
    note = "The less the two lie above each other, the better it tells them apart."
    x, y = "score of the candidate", "share of rows"
    return Panel("scores", "Scores by label", x, y, tuple(series), "step", percent="xy", note=note)


def _confusion(holdout: Holdout) -> Grid:
    import numpy as np

    called, y = holdout.scores["candidate"].argmax(axis=1), holdout.y.astype(int)
    shown = np.sort(np.argsort(-np.bincount(y, minlength=len(holdout.columns)), kind="stable")[:SHOWN])
    rows = [int(np.sum(y == came)) for came in shown]
    found = tuple(
        points(np.array([np.sum((y == came) & (called == said)) / max(count, 1) for said in shown]))
        for came, count in zip(shown, rows, strict=True)
    )
    names = [short(holdout.columns[one]) for one in shown]
    counted = tuple(f"{name} ({count:,})" for name, count in zip(names, rows, strict=True))
    note = "Each line is a class that came; the squares say what the candidate called it."
    return Grid("confusion", "What each class is taken for", counted, tuple(names), found, note)


def _class_shares(holdout: Holdout) -> Panel:
    import numpy as np

    came = np.bincount(holdout.y.astype(int), minlength=len(holdout.columns)) / len(holdout.y)
    series = tuple(Series(who, points(came), points(scores.mean(axis=0))) for who, scores in holdout.models)
    x, y = "share of the class that came", "mean probability that it was given"
    note = "A dot for each class; below the line it was expected too rarely."
    return Panel("classes", "How much of each class", x, y, series, "dots", "diagonal", True, "xy", note)


def _found(y: Array, scores: Array) -> tuple[Array, Array, Array]:
    """From the highest score down, where it changes: shares of positives and negatives so far, and of right calls."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    positive, ends = y[order] == 1, np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]
    right, wrong = np.cumsum(positive)[ends], np.cumsum(~positive)[ends]
    return np.r_[0, right / right[-1]], np.r_[0, wrong / wrong[-1]], np.r_[1, right / (right + wrong)]


def _line(who: str, x: Array, y: Array, told: str) -> Series:
    kept = some(len(x))
    return Series(who, points(x[kept]), points(y[kept]), told=told)


def short(name: str) -> str:
    """A name that fits into a drawing.

    >>> short("a name of more than twenty-two letters")
    'a name of more than t…'
    """
    return name if len(name) <= WIDEST else f"{name[: WIDEST - 1]}…"
