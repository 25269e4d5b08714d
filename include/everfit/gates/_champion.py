"""The comparison with the champion, which two gates hold against different bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from everfit.gates._claims import TITLES, cannot_tell, claim, compared, obstacle, show, side
from everfit.statistics.paired import loss_difference
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.statistics.interval import Estimate


def against_champion(gate: str, evidence: Evidence, loss: str, bar: float) -> Verdict:
    """Passed when the candidate's mean loss less the champion's is surely below `bar`, failed when surely not."""
    if evidence.champion_saw_holdout:
        why = "the champion learnt from rows of this holdout, so a comparison would favour it: wait for a newer batch"
        return cannot_tell(gate, why, evidence)
    if evidence.champion is None:
        return Verdict(gate, Outcome.PASSED, "there is no champion to compare with", n=evidence.rows)
    why_not = obstacle(evidence, "candidate", evidence.candidate) or obstacle(evidence, "champion", evidence.champion)
    if why_not:
        return cannot_tell(gate, why_not, evidence)
    found = loss_difference(
        loss, evidence.truth, evidence.candidate, evidence.champion, evidence.clusters, evidence.standing.level
    )
    outcome = side(found, bar, above=False)
    wanted = f"wanted {_wanted(bar)}"
    reason = (
        f"{TITLES[loss]} is {compared(found.value)} than the champion's, "
        + {
            Outcome.PASSED: f"at worst {compared(found.high)}; {wanted}",
            Outcome.FAILED: f"at best {compared(found.low)}; {wanted}",
            Outcome.CANNOT_TELL: f"from {compared(found.low)} to {compared(found.high)}, so it is open; {wanted}",
        }[outcome]
    )
    verdict = claim(gate, outcome, reason, found, bar, above=False)
    more = (_blind(found, bar) if outcome is Outcome.CANNOT_TELL else None, evidence.standing.because)
    return replace(verdict, reason=". ".join([verdict.reason, *filter(None, more)]))


def _blind(found: Estimate, margin: float) -> str | None:
    """That an equal candidate would mostly not be told to be within the margin on such rows, if it would not."""
    if not found.detectable > margin > 0:
        return None
    return (
        f"This holdout cannot detect your margin: it takes one of {found.detectable:.2g} to be shown four times in "
        "five (or more batches held out, window.holdout)"
    )


def _wanted(bar: float) -> str:
    if bar > 0:
        return f"less than {show(bar)} higher"
    return f"more than {show(-bar)} lower" if bar else "lower"
