"""The gate `above_bar`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates._claims import TITLES, cannot_tell, claim, obstacle, one_sided, show, side, too_few_days
from everfit.refuse import number, one_of
from everfit.statistics.interval import estimate
from everfit.statistics.metrics import LARGER_IS_BETTER, TASKS, Metric, has_value, measure
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect


@dataclass(frozen=True)
class AboveBar:
    """The candidate's metric is on the right side of a bar that the team has set, champion or no champion.

    Settings: `metric`, one of the task's (see `everfit.statistics.metrics`), and its bar: `at_least` where more is
    better (auc, accuracy, r2, coverage, ndcg, concordance), `at_most` where less is. It passes when the one-sided 95 %
    bound clears the bar, fails when the other bound misses it, and else cannot tell. All intervals are cluster-robust
    by day: for the AUC the influences are DeLong's (Sun and Xu's fast algorithm), added up by day as Obuchowski (1997)
    does, because plain DeLong takes the rows of one day for independent and is too sure. What no interval here covers:
    dependence between different days, and a next month unlike this one. With AUC 1 or error 0 the interval has no
    width.
    """

    metric: Metric
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        one_of("metric", self.metric, TASKS)
        wanted, other = ("at_least", "at_most") if self.metric in LARGER_IS_BETTER else ("at_most", "at_least")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"{wanted}: above_bar takes {wanted}, and no {other}, for the metric {self.metric}")
        number(wanted, getattr(self, wanted))

    @property
    def tasks(self) -> frozenset[str]:
        """The task that the metric is for."""
        return TASKS[self.metric]

    @property
    def bar(self) -> float:
        """The bar, whichever of the two settings holds it."""
        return float(self.at_most if self.at_least is None else self.at_least)  # type: ignore[arg-type]

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold the metric's interval against the bar."""
        why_not = obstacle(evidence, "candidate", evidence.candidate) or self._label_obstacle(evidence)
        if why_not:
            return cannot_tell("above_bar", why_not, evidence)
        found = estimate(measure(self.metric, evidence.truth, evidence.candidate), evidence.clusters)
        above = self.metric in LARGER_IS_BETTER
        outcome = side(found, self.bar, above=above)
        least, most = f"at least {show(found.low)}", f"at most {show(found.high)}"
        wanted = f"wanted {'at least' if above else 'at most'} {show(self.bar)}"
        reason = (
            f"{TITLES[self.metric]} is {show(found.value)}, "
            + {
                Outcome.PASSED: f"surely {least if above else most}; {wanted}",
                Outcome.FAILED: f"surely {most if above else least}; {wanted}",
                Outcome.CANNOT_TELL: f"from {show(found.low)} to {show(found.high)}, so it is open; {wanted}",
            }[outcome]
        )
        return claim("above_bar", outcome, reason, found, self.bar, above=above)

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days, or for an AUC days with either label, there is no interval."""
        return (
            prospect.standing.spent
            or too_few_days(prospect.clusters)
            or (one_sided(prospect.y, prospect.clusters) if self.metric == "auc" else None)
        )

    def _label_obstacle(self, evidence: Evidence) -> str | None:
        if self.metric == "r2" and float(evidence.y.min()) == float(evidence.y.max()):
            return "every label of the holdout is the same, so there is nothing to explain"
        if self.metric != "auc":
            has = has_value(self.metric, evidence.truth)
            return None if has else f"the labels of the holdout give no {TITLES[self.metric]}"
        return one_sided(evidence.y, evidence.clusters)
