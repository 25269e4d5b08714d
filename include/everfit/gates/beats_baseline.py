"""The gate `beats_baseline`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates._claims import TITLES, cannot_tell, claim, compared, obstacle, side, too_few_days
from everfit.refuse import one_of
from everfit.statistics.losses import TASKS, Loss
from everfit.statistics.paired import loss_difference
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect


@dataclass(frozen=True)
class BeatsBaseline:
    """The candidate does better than one who always gives the same answer, the one that does best in training: the
    base rate, the shares of the classes, mean or median, the quantiles, no order at all, one lifetime for all.

    Setting: `loss`, one of the task's (see `everfit.statistics.losses`). Passes when the candidate's mean loss
    is lower at one-sided 95 % confidence: paired by row, cluster-robust by day. A model that learnt nothing passes at
    most once in twenty times.
    """

    loss: Loss

    def __post_init__(self) -> None:
        one_of("loss", self.loss, TASKS)

    @property
    def tasks(self) -> frozenset[str]:
        """The task that the loss is for."""
        return TASKS[self.loss]

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold the interval of the paired difference against zero."""
        why_not = obstacle(evidence, "candidate", evidence.candidate)
        if why_not:
            return cannot_tell("beats_baseline", why_not, evidence)
        baseline = evidence.baseline_for(self.loss)
        found = loss_difference(self.loss, evidence.truth, evidence.candidate, baseline, evidence.clusters)
        outcome = side(found, 0.0, above=False)
        reason = (
            f"{TITLES[self.loss]} is {compared(found.value)} than that of a constant answer"
            + {
                Outcome.PASSED: f", surely {compared(found.high)}",
                Outcome.FAILED: f", surely {compared(found.low)}",
                Outcome.CANNOT_TELL: f", from {compared(found.low)} to {compared(found.high)}: it may know nothing",
            }[outcome]
        )
        return claim("beats_baseline", outcome, reason, found, 0.0, above=False)

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval."""
        return prospect.standing.spent or too_few_days(prospect.clusters)
