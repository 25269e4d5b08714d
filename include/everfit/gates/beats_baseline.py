"""The gate `beats_baseline`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from everfit.gates._claims import TITLES, cannot_tell, claim, compared, obstacle, side, too_few_days
from everfit.refuse import one_of, word
from everfit.statistics.losses import TASKS, Loss
from everfit.statistics.naive import HOURS, Naive
from everfit.statistics.paired import loss_difference
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect


NAIVE = frozenset({"log_loss", "brier", "zero_one", "squared", "absolute", "pinball"})
"""The losses of tasks whose last label is an answer."""


@dataclass(frozen=True)
class BeatsBaseline:
    """The candidate does better than a trivial answer.

    Settings: `loss`, one of the task's (see `everfit.statistics.losses`), and `baseline`. The `usual` one (the default)
    always gives the same answer, the one that does best in training: the base rate, the shares of the classes, mean or
    median, the quantiles, no order at all, one lifetime for all. `last` answers with the newest label, `seasonal` with
    that of the same hour of the last `period` (`week` or `day`) that is known; with `by`, a column of rows() such as
    the customer or the plane, it is that of the rows with the same value. Known are the labels of the batches before a
    row's own, and none of the gap. Both are drawn towards the usual answer by the weight that did best in training, so
    that of a class they are probabilities, and give the usual answer where nothing is known. Hours are in UTC.

    Passes when the candidate's mean loss is lower at one-sided 95 % confidence: paired by row, cluster-robust by day. A
    model that knows no more than the baseline passes at most once in twenty times.
    """

    loss: Loss
    baseline: Literal["usual", "last", "seasonal"] = "usual"
    by: str | None = None
    period: Literal["day", "week"] = "week"

    def __post_init__(self) -> None:
        one_of("loss", self.loss, TASKS)
        one_of("baseline", self.baseline, ("usual", "last", "seasonal"))
        one_of("period", self.period, HOURS)
        if self.by is not None:
            word("by", self.by)
        if self.baseline == "usual" and self.by is not None:
            raise ValueError(f"by: the usual answer is the same for all, so it takes no column, found {self.by!r}")
        if self.baseline != "usual" and self.loss not in NAIVE:
            raise ValueError(f"baseline: wanted usual for the loss {self.loss}, found {self.baseline!r}")

    @property
    def naive(self) -> Naive | None:
        """The naive forecast that it has to be compared with, if it is one."""
        if self.baseline == "usual":
            return None
        return Naive("last" if self.baseline == "last" else self.period, self.by, self.loss)

    @property
    def tasks(self) -> frozenset[str]:
        """The task that the loss is for."""
        return TASKS[self.loss]

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold the interval of the paired difference against zero."""
        why_not = obstacle(evidence, "candidate", evidence.candidate)
        if why_not:
            return cannot_tell("beats_baseline", why_not, evidence)
        baseline = evidence.naive.get(self.naive.name) if self.naive else evidence.baseline_for(self.loss)
        if baseline is None:
            return cannot_tell("beats_baseline", f"the evidence has no forecast of {self._who}", evidence)
        found = loss_difference(self.loss, evidence.truth, evidence.candidate, baseline, evidence.clusters)
        outcome = side(found, 0.0, above=False)
        reason = (
            f"{TITLES[self.loss]} is {compared(found.value)} than that of {self._who}"
            + {
                Outcome.PASSED: f", surely {compared(found.high)}",
                Outcome.FAILED: f", surely {compared(found.low)}",
                Outcome.CANNOT_TELL: f", from {compared(found.low)} to {compared(found.high)}: it may know nothing",
            }[outcome]
        )
        return claim("beats_baseline", outcome, reason, found, 0.0, above=False)

    @property
    def _who(self) -> str:
        of = f" of the same {self.by}" if self.by else ""
        return {
            "usual": "a constant answer",
            "last": f"the last label{of}",
            "seasonal": f"the label{of} in the same hour of the {self.period} before",
        }[self.baseline]

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval."""
        return prospect.standing.spent or too_few_days(prospect.clusters)
