"""The parts of a calibration: one for a probability, one for each class or quantile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.gates._claims import show
from everfit.statistics.calibration import coverage_gap, curve, in_the_large, slope
from everfit.statistics.interval import LEVEL, Estimate, estimate
from everfit.statistics.share import share
from everfit.statistics.smooth_ece import Residuals, chance_if_at
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence

POINTS = 10
SMOOTH = "kernel width at the error, score bootstrap by day"
SHARE = "Clopper-Pearson, design effect by day, one-sided 95 %"


@dataclass(frozen=True)
class Part:
    """How far off one probability or quantile is: `low` is the bound at a level that accounts for all parts, `p` says
    how often so little would be seen if it were off by the bar."""

    name: str
    title: str
    found: Estimate
    low: float
    p: float


def parts_of(evidence: Evidence, bar: float) -> tuple[Part, ...]:
    """The calibration of a probability, of each class's, or of each quantile."""
    y, scores, columns = evidence.y, evidence.candidate, evidence.columns
    if evidence.task == "binary":
        return (_probability("", y, scores, evidence.clusters, bar, of=1),)
    of = len(columns)
    if evidence.task == "multiclass":
        return tuple(
            _probability(name, (y == place).astype(float), scores[:, place], evidence.clusters, bar, of=of)
            for place, name in enumerate(columns)
        )
    return tuple(
        _quantile(name, y, scores[:, place], evidence.clusters, bar, of=of) for place, name in enumerate(columns)
    )


def points(evidence: Evidence, bar: float) -> tuple[Detail, ...]:
    """Ten points of the reliability diagram, a tenth of the rows about each: what came against what was forecast."""
    import numpy as np

    drawn = curve(evidence.y, evidence.candidate, evidence.clusters)
    below = np.cumsum(drawn.share)
    chosen = np.unique(np.searchsorted(below, (np.arange(POINTS) + 0.5) / POINTS * below[-1]))
    found = []
    for i in chosen:
        said, came, low, high = drawn.forecast[i], drawn.came[i], drawn.low[i], drawn.high[i]
        outcome = Outcome.PASSED if low > said - bar and high < said + bar else Outcome.CANNOT_TELL
        outcome = Outcome.FAILED if low >= said + bar or high <= said - bar else outcome
        reason = f"where {show(said)} was forecast, {show(came)} came"
        found.append(
            Detail(
                f"forecast {show(said)}", outcome, reason, came, low, high, said, round(drawn.share[i] * evidence.rows)
            )
        )
    return tuple(found)


def second_figures(evidence: Evidence) -> str:
    """Calibration in the large and its slope, in words, for a binary task."""
    if evidence.task != "binary":
        return ""
    more = estimate(in_the_large(evidence.y, evidence.candidate), evidence.clusters)
    bold = slope(evidence.y, evidence.candidate)
    said = f"; on average {show(abs(more.value))} {'more' if more.value > 0 else 'less'} came than was forecast"
    return said + (f", slope {show(bold.value)}" if bold else "")


def _probability(
    name: str, y: NDArray[np.float64], scores: NDArray[np.float64], clusters: NDArray[np.int64], bar: float, *, of: int
) -> Part:
    residuals = Residuals.of(y, scores, clusters)
    found = residuals.bounded()
    low = found.low if of == 1 else residuals.bounded(1 - (1 - LEVEL) / of).low
    title = f"the calibration error (smECE){f' of {name!r}' if name else ''} is"
    return Part(name, title, found, low, chance_if_at(residuals, bar))


def _quantile(
    name: str, y: NDArray[np.float64], scores: NDArray[np.float64], clusters: NDArray[np.int64], bar: float, *, of: int
) -> Part:
    level, below = float(name), y <= scores
    found, sure = share(below, clusters), share(below, clusters, 1 - (1 - LEVEL) / of)
    shown = estimate(coverage_gap(y, scores, level), clusters)
    off = replace(
        shown,
        value=abs(shown.value),
        low=_either_way(found.low - level, found.high - level),
        high=max(found.high - level, level - found.low),
    )
    low = _either_way(sure.low - level, sure.high - level)
    p = max(found.p(level + bar, above=False), found.p(level - bar, above=True))
    return Part(name, f"the coverage of the quantile {name} is off by", off, low, p)


def _either_way(low: float, high: float) -> float:
    """How far from 0 what lies between the two must be at least."""
    return max(low, -high, 0.0)
