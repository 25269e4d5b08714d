"""The gate `is_calibrated`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.gates._calibration import SHARE, SMOOTH, Part, parts_of, points, second_figures
from everfit.gates._claims import cannot_tell, claim, obstacle, show, side, too_few_days
from everfit.refuse import between
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect


@dataclass(frozen=True)
class IsCalibrated:
    """The candidate's probabilities are what happens: where it says 20 %, about 20 % come.

    Setting: `within`, how far off they may be on average (0.05 by default), as the smooth calibration error tells it
    (smECE, see `everfit.statistics.smooth_ece`): a forecast of 20 % then stands for 15 to 25. Thirty days that differ
    as those of flights do can hardly tell less from 0; calmer days, or more of them, can tell 0.02. Of several classes
    each one's probability is held against it by itself (classwise), for somebody may act on a class that is never the
    likeliest. Of quantiles it is the share of labels below each that may be off by so much. A regression is not judged:
    one number does not say how sure it is; ask a quantile task.

    Passes when the one-sided 95 % bound of every part is below `within`, so a candidate that is off by exactly that
    much passes at most once in twenty times. Fails when one part is surely above, the number of parts accounted for
    (Bonferroni). Of a binary task the parts of the verdict are ten points of the reliability diagram: what came, with
    its interval, against what was forecast.
    """

    within: float = 0.05

    def __post_init__(self) -> None:
        between("within", self.within, 0, 1, open_ends=True)

    @property
    def tasks(self) -> frozenset[str]:
        """Those whose answers say how sure they are."""
        return frozenset({"binary", "multiclass", "quantile"})

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold the calibration error of each part against the setting."""
        why_not = obstacle(evidence, "candidate", evidence.candidate) or _no_probabilities(evidence)
        if why_not:
            return cannot_tell("is_calibrated", why_not, evidence)
        parts = parts_of(evidence, self.within)
        worst = max(parts, key=lambda part: part.found.high)
        outcome = self._outcome(parts)
        if outcome is Outcome.FAILED:
            worst = max(parts, key=lambda part: part.low)
        reason = (
            f"{worst.title} {show(worst.found.value)}, "
            + {
                Outcome.PASSED: f"surely below {show(worst.found.high)}",
                Outcome.FAILED: f"surely at least {show(worst.low)}",
                Outcome.CANNOT_TELL: f"from {show(worst.found.low)} to {show(worst.found.high)}, so it is open",
            }[outcome]
            + f"; wanted less than {show(self.within)}{second_figures(evidence)}"
        )
        said = claim("is_calibrated", outcome, reason, worst.found, self.within, above=False)
        if evidence.task == "quantile":
            return replace(said, p=max(part.p for part in parts), test=SHARE, parts=self._details(parts))
        details = points(evidence, self.within) if evidence.task == "binary" else self._details(parts)
        return replace(said, p=max(part.p for part in parts), test=f"{said.test}; {SMOOTH}", parts=details)

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval."""
        return too_few_days(prospect.clusters)

    def _outcome(self, parts: tuple[Part, ...]) -> Outcome:
        if all(part.found.high < self.within for part in parts):
            return Outcome.PASSED
        return Outcome.FAILED if any(part.low >= self.within for part in parts) else Outcome.CANNOT_TELL

    def _details(self, parts: tuple[Part, ...]) -> tuple[Detail, ...]:
        return tuple(
            Detail(
                part.name,
                side(part.found, self.within, above=False),
                f"{part.title} {show(part.found.value)}",
                part.found.value,
                part.found.low,
                part.found.high,
                self.within,
                part.found.rows,
            )
            for part in parts
        )


def _no_probabilities(evidence: Evidence) -> str | None:
    """Why the scores cannot be held against shares, or None if they can."""
    low, high = float(evidence.candidate.min()), float(evidence.candidate.max())
    if evidence.task != "quantile" and (low < 0 or high > 1):
        return f"scores run from {show(low)} to {show(high)}, which are no probabilities"
    return None
