"""The comparison with the champion, which two gates hold against different bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from everfit.gates._claims import TITLES, cannot_tell, claim, compared, obstacle, one_sided, show, side, too_few_days
from everfit.statistics.paired import discordant, loss_difference
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect
    from everfit.statistics.interval import Estimate


def against_champion(gate: str, evidence: Evidence, loss: str, bar: float) -> Verdict:
    """Passed when the candidate's mean loss less the champion's is surely below `bar`, failed when surely not."""
    champion = opponent(gate, evidence)
    if isinstance(champion, Verdict):
        return champion
    if loss == "auc" and (why_not := one_sided(evidence.y, evidence.clusters)):
        return cannot_tell(gate, why_not, evidence)
    found = loss_difference(
        loss, evidence.truth, evidence.candidate, champion, evidence.clusters, evidence.standing.level
    )
    outcome = side(found, bar, above=False)
    worse = "lower" if loss == "auc" else "higher"
    wanted = f"wanted {_wanted(bar, worse)}"
    reason = (
        f"{TITLES[loss]} is {compared(found.value, worse)} than the champion's, "
        + {
            Outcome.PASSED: f"at worst {compared(found.high, worse)}; {wanted}",
            Outcome.FAILED: f"at best {compared(found.low, worse)}; {wanted}",
            Outcome.CANNOT_TELL: f"from {compared(found.low, worse)} to {compared(found.high, worse)}, so it is open; "
            f"{wanted}",
        }[outcome]
    )
    verdict = claim(gate, outcome, reason, found, bar, above=False)
    more = (_blind(found, bar) if outcome is Outcome.CANNOT_TELL else None, evidence.standing.because)
    test = f"{verdict.test}; {_mcnemar(evidence, champion)}" if loss == "zero_one" else verdict.test
    return replace(verdict, reason=". ".join([verdict.reason, *filter(None, more)]), test=test)


def opponent(gate: str, evidence: Evidence) -> NDArray[np.float64] | Verdict:
    """The champion's scores, or the verdict where there is nothing to compare with them."""
    if evidence.champion_saw_holdout:
        why = "the champion learnt from rows of this holdout, so a comparison would favour it: wait for a newer batch"
        return cannot_tell(gate, why, evidence)
    if evidence.champion is None:
        return Verdict(gate, Outcome.PASSED, "there is no champion to compare with", n=evidence.rows)
    why_not = obstacle(evidence, "candidate", evidence.candidate) or obstacle(evidence, "champion", evidence.champion)
    return cannot_tell(gate, why_not, evidence) if why_not else evidence.champion


def _blind(found: Estimate, margin: float) -> str | None:
    """That an equal candidate would mostly not be told to be within the margin on such rows, if it would not."""
    if not found.detectable > margin > 0:
        return None
    return (
        f"This holdout cannot detect your margin: it takes one of {found.detectable:.2g} to be shown four times in "
        "five (or more batches held out, window.holdout)"
    )


def no_interval(prospect: Prospect, loss: str) -> str | None:
    """Why no candidate could be compared on such a holdout: too few days, or for the AUC too few with either label."""
    why_not = prospect.standing.spent or too_few_days(prospect.clusters)
    return why_not or (one_sided(prospect.y, prospect.clusters) if loss == "auc" else None)


def _wanted(bar: float, worse: str) -> str:
    if bar > 0:
        return f"less than {compared(bar, worse)}"
    better = "higher" if worse == "lower" else "lower"
    return f"more than {show(-bar)} {better}" if bar else better


def _mcnemar(evidence: Evidence, champion: NDArray[np.float64]) -> str:
    found = discordant(evidence.truth, evidence.candidate, champion, evidence.clusters)
    return (
        f"McNemar by day p {found.by_day:.2g}, two-sided: of the rows that only one gets wrong, the candidate has "
        f"{found.ours:,} and the champion {found.theirs:,} (p {found.by_row:.2g} if rows had nothing to do with each "
        "other)"
    )
