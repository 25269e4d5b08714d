"""What each feature tells of the label alone, in training and in the holdout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.gates._claims import show
from everfit.statistics.alone import answer, nothing, skill, targets
from everfit.statistics.evenly import evenly
from everfit.statistics.interval import LEVEL, Estimate, Measured, estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence
    from everfit.gates.subject import Subject

    Array = NDArray[np.float64]

ROWS = 20_000
BLOCKS = 50
"""Training rows come in order of time and without their day: so many stretches of them stand in for days."""

SHUFFLED = 3
FEWEST = 200


@dataclass(frozen=True)
class Suspect:
    """One feature held against one bar; `surely` it is above, with the number of comparisons accounted for."""

    name: str
    found: Estimate
    bar: float
    surely: bool
    reason: str

    @property
    def margin(self) -> float:
        """How far above the bar it may be."""
        return self.found.high - self.bar


def measure_all(subject: Subject) -> Mapping[str, Any]:
    """Skills (value, standard error, degrees of freedom) of the candidate and of each feature, as plain JSON."""
    import numpy as np

    evidence = subject.evidence
    task, classes = evidence.task, max(len(evidence.columns), 1)
    places = evenly(evidence.rows, ROWS)
    came, days = targets(task, evidence.y[places], classes), evidence.clusters[places]
    learnt = targets(task, subject.labels, classes)
    if why := _too_little(learnt, came, days):
        return {"why": why}
    odd, even = np.arange(len(learnt)) % 2 == 1, np.arange(len(learnt)) % 2 == 0
    blocks = np.arange(len(learnt)) * BLOCKS // len(learnt)
    features = subject.features.iloc[places].reset_index(drop=True)
    whole = skill(task, came, _answers(evidence, evidence.candidate[places]))
    told = {}
    for name in map(str, features.columns):
        column = subject.learnt[name]
        alone = skill(task, came, answer(column, learnt, features[name]))
        then = skill(task, learnt[even], answer(column[odd], learnt[odd], column[even]))
        told[name] = {"alone": _told(alone, days), "then": _told(then, blocks[even])}
    random, known = np.random.default_rng(subject.seed), whole.value - nothing(task)
    for name in sorted(told, key=lambda name: -told[name]["alone"][0])[:SHUFFLED] if known > 0 else ():
        shuffled = features.assign(**{name: features[name].iloc[random.permutation(len(features))].to_numpy()})
        shuffled[name] = shuffled[name].astype(features[name].dtype)
        scores = subject.candidate.model.score(shuffled).astype(float)
        left = skill(task, came, _answers(evidence, scores)).value - nothing(task)
        told[name]["rests"] = [min(1 - left / known, 1.0)]
    return {"candidate": _told(whole, days), "rows": len(places), "days": len(np.unique(days)), "features": told}


def suspects(evidence: Evidence, bar: float, fades: float, besides: Iterable[str]) -> tuple[Suspect, ...]:
    """Each feature twice: alone in the holdout against `bar`, and in training less the candidate against `fades`."""
    measured = evidence.measured
    left = {name: told for name, told in measured["features"].items() if name not in set(besides)}
    sure = 1 - (1 - LEVEL) / max(2 * len(left), 1)
    what = "an AUC" if evidence.task in ("binary", "multiclass") else "an R²"
    ours = measured["candidate"]
    found = []
    for name, told in left.items():
        rests = (
            f"; shuffled, {100 * told['rests'][0]:.0f} % of what the candidate knows goes" if "rests" in told else ""
        )
        alone = _interval(measured, told["alone"], LEVEL)
        reason = (
            f"the feature {name!r} alone has {what} of {show(alone.value)} (from {show(alone.low)} to "
            f"{show(alone.high)}), the candidate {show(ours[0])}{rests}; wanted less than {show(bar)}"
        )
        surely = _interval(measured, told["alone"], sure).low >= bar
        found.append(Suspect(name, alone, bar, surely, reason))
        less = _less(told["then"], ours)
        more = _interval(measured, less, LEVEL)
        reason = (
            f"in training the feature {name!r} alone has {what} of {show(told['then'][0])}, in the holdout of "
            f"{show(alone.value)}, where the whole candidate has {show(ours[0])}: from {show(more.low)} to "
            f"{show(more.high)} more than that; wanted less than {show(fades)}"
        )
        found.append(Suspect(f"{name} in training", more, fades, _interval(measured, less, sure).low >= fades, reason))
    return tuple(found)


def _answers(evidence: Evidence, scores: Array) -> Array:
    """The candidate's scores as `skill` takes them; of quantiles the one nearest the middle."""
    if evidence.task == "quantile":
        middle = min(range(len(evidence.columns)), key=lambda place: abs(float(evidence.columns[place]) - 0.5))
        return scores[:, [middle]]
    return scores.reshape(len(scores), -1)


def _too_little(learnt: Array, came: Array, days: NDArray[np.int64]) -> str | None:
    import numpy as np

    if len(learnt) < FEWEST:
        return f"there are {len(learnt)} training rows, and it takes {FEWEST} to learn what a feature tells"
    if len(np.unique(days)) < 2 or not (np.ptp(came, axis=0) > 0).any() or not (np.ptp(learnt, axis=0) > 0).any():  # noqa: PLR2004
        return "every label is the same, so no feature can tell one from another"
    return None


def _told(found: Measured, clusters: NDArray[np.int64]) -> list[float]:
    made = estimate(found, clusters)
    return [made.value, made.error, made.freedom]


def _less(one: list[float], other: list[float]) -> list[float]:
    """The difference of two skills on rows that have nothing to do with each other."""
    return [one[0] - other[0], (one[1] ** 2 + other[1] ** 2) ** 0.5, min(one[2], other[2])]


def _interval(measured: Mapping[str, Any], told: list[float], level: float) -> Estimate:
    from scipy.special import stdtrit

    value, error, freedom = told
    reach = float(stdtrit(freedom, level)) * error
    return Estimate(value, value - reach, value + reach, measured["rows"], measured["days"], freedom, error, level)
