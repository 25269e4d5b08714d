"""From an interval and a bar to a verdict: the rule and the words that all gates share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.statistics.interval import FEWEST_CLUSTERS, FEWEST_EQUAL, Estimate, count_clusters, effective
from everfit.statistics.losses import TITLES as LOSSES
from everfit.statistics.ndcg import has_order
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence

TITLES = LOSSES | {
    "auc": "AUC",
    "accuracy": "accuracy",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "r2": "R²",
    "coverage": "coverage",
    "ndcg": "NDCG",
    "ndcg_at_10": "NDCG of the first 10",
    "concordance": "concordance (Harrell's C)",
}
"""What people call the metrics and losses."""


def side(estimate: Estimate, bar: float, *, above: bool) -> Outcome:
    """Passed when the whole interval is on the wanted side of the bar, failed when none of it is, else cannot tell.

    The interval's ends are one-sided bounds (95 % unless a gate asks for another level), so each of the two wrong
    answers is given at most so often: at 95 %, once in twenty.
    """
    if estimate.low >= bar if above else estimate.high < bar:
        return Outcome.PASSED
    if estimate.high < bar if above else estimate.low >= bar:
        return Outcome.FAILED
    return Outcome.CANNOT_TELL


def claim(gate: str, outcome: Outcome, reason: str, estimate: Estimate, bar: float, *, above: bool) -> Verdict:
    """The verdict that an estimate leads to; the reason gets the numbers of rows and days as its end."""
    basis = f"{estimate.basis}, {estimate.rows:,} rows of {estimate.clusters} days"
    return Verdict(
        gate=gate,
        outcome=outcome,
        reason=f"{reason} ({basis})",
        effect=estimate.value,
        low=estimate.low,
        high=estimate.high,
        bar=bar,
        n=estimate.rows,
        test=estimate.test,
        wanted="above" if above else "below",
        p=estimate.p(bar, above=above),
        level=estimate.level,
        detectable=estimate.detectable,
    )


def cannot_tell(gate: str, reason: str, evidence: Evidence) -> Verdict:
    """The verdict where there is nothing to measure."""
    return Verdict(gate, Outcome.CANNOT_TELL, reason, n=evidence.rows)


def obstacle(evidence: Evidence, who: str, scores: NDArray[np.float64]) -> str | None:
    """Why no interval can be had of these scores, or would say nothing any more; None if one can."""
    if evidence.standing.spent:
        return evidence.standing.spent
    odd = odd_rows(scores)
    if odd:
        return f"{odd:,} of {evidence.rows:,} scores of the {who} are not finite numbers"
    return too_few_days(evidence.clusters) or _nothing_to_find(evidence)


def too_few_days(clusters: NDArray[np.int64]) -> str | None:
    """Why no interval can be had of rows on these days, or None if one can."""
    days = count_clusters(clusters)
    if days < FEWEST_CLUSTERS:
        return (
            f"the holdout covers {days} day{'' if days == 1 else 's'}, and it takes {FEWEST_CLUSTERS} to know how much "
            "days differ: hold out more batches (window.holdout)"
        )
    equal = effective(clusters)
    if equal < FEWEST_EQUAL:
        return (
            f"the rows of the holdout bunch so much on some of its {days} days that they say as little as {equal:.1f} "
            f"equal days, and it takes {FEWEST_EQUAL}: hold out more batches (window.holdout)"
        )
    return None


def one_sided(y: NDArray[np.float64], clusters: NDArray[np.int64]) -> str | None:
    """Why no AUC can be had of these labels, or None if one can."""
    for label in (0, 1):
        days = count_clusters(clusters[y == label])
        if days < FEWEST_CLUSTERS:
            return f"only {days} days of the holdout have a row with label {label}; an AUC takes {FEWEST_CLUSTERS}"
    return None


def odd_rows(scores: NDArray[np.float64]) -> int:
    """How many rows have a score that is no finite number.

    >>> import numpy as np
    >>> odd_rows(np.array([[0.5, 0.5], [np.nan, 1.0]])), odd_rows(np.array([1.0, np.inf, np.nan]))
    (1, 2)
    """
    import numpy as np

    finite = np.isfinite(scores)
    return int((~(finite.all(axis=1) if scores.ndim > 1 else finite)).sum())


def _nothing_to_find(evidence: Evidence) -> str | None:
    """Why these labels tell no answer from another, for the tasks whose rows need not say anything each."""
    import numpy as np

    if evidence.task == "survival" and not evidence.truth.events.any():
        return "no event was observed in the holdout"
    if evidence.task == "ranking":
        lists = evidence.truth.lists
        days = count_clusters(evidence.clusters[np.isin(lists, np.unique(lists)[has_order(evidence.truth)])])
        if days < FEWEST_CLUSTERS:
            return (
                f"only {days} days of the holdout have a group whose rows differ in relevance, and it takes "
                f"{FEWEST_CLUSTERS}: hold out more batches (window.holdout)"
            )
    return None


def show(value: float) -> str:
    """A number for people: four digits, no powers of ten for everyday sizes.

    >>> show(0.701234), show(-0.00123), show(12345.6)
    ('0.7012', '-0.00123', '12,346')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - four digits


def compared(difference: float, worse: str = "higher") -> str:
    """A difference of losses in words; `worse` is what it is called where it is above zero.

    >>> compared(-0.0012), compared(0.25), compared(0.0), compared(-0.004, worse="lower")
    ('0.0012 lower', '0.25 higher', 'no higher', '0.004 higher')
    """
    if difference == 0:
        return f"no {worse}"
    better = "lower" if worse == "higher" else "higher"
    return f"{show(abs(difference))} {better if difference < 0 else worse}"
