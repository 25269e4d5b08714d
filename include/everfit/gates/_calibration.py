"""The parts of a calibration: one for a probability, one for each class or quantile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.gates._claims import show
from everfit.statistics.calibration import coverage_gap, curve, in_the_large, slope
from everfit.statistics.interval import LEVEL, Estimate, estimate
from everfit.statistics.smooth_ece import Residuals, chance_if_at, smooth_ece
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence

POINTS = 10
SMOOTH = "kernel width at the error, score bootstrap by day"


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
    found = smooth_ece(y, scores, clusters)
    low = found.low if of == 1 else smooth_ece(y, scores, clusters, 1 - (1 - LEVEL) / of).low
    title = f"the calibration error (smECE){f' of {name!r}' if name else ''} is"
    return Part(name, title, found, low, chance_if_at(Residuals.of(y, scores, clusters), bar))


def _quantile(
    name: str, y: NDArray[np.float64], scores: NDArray[np.float64], clusters: NDArray[np.int64], bar: float, *, of: int
) -> Part:
    gap = estimate(coverage_gap(y, scores, float(name)), clusters)
    sure = estimate(coverage_gap(y, scores, float(name)), clusters, 1 - (1 - LEVEL) / of)
    found = replace(gap, value=abs(gap.value), low=max(gap.low, -gap.high, 0.0), high=max(gap.high, -gap.low))
    p = max(gap.p(bar, above=False), gap.p(-bar, above=True))
    return Part(name, f"the coverage of the quantile {name} is off by", found, max(sure.low, -sure.high, 0.0), p)
