"""The gate `beats_baseline`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates._claims import TITLES, cannot_tell, claim, compared, obstacle, side
from everfit.refuse import one_of
from everfit.statistics.losses import TASKS, Loss
from everfit.statistics.paired import loss_difference
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence


@dataclass(frozen=True)
class BeatsBaseline:
    """The candidate does better than one who always gives the same answer: the base rate, mean or median of training.

    Setting: `loss` (log_loss, brier, zero_one; for regression squared, absolute). Passes when the candidate's mean loss
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
        found = loss_difference(self.loss, evidence.y, evidence.candidate, baseline, evidence.clusters)
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
