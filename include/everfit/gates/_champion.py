"""The comparison with the champion, which two gates hold against different bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.gates._claims import TITLES, cannot_tell, claim, compared, obstacle, show, side
from everfit.statistics.paired import loss_difference
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence


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
    return claim(gate, outcome, reason, found, bar, above=False)


def _wanted(bar: float) -> str:
    if bar > 0:
        return f"less than {show(bar)} higher"
    return f"more than {show(-bar)} lower" if bar else "lower"
