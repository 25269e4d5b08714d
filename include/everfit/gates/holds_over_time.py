"""The gate `holds_over_time`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from everfit.gates._claims import TITLES, cannot_tell, compared, obstacle, side
from everfit.refuse import one_of, whole
from everfit.statistics.interval import LEVEL, Estimate
from everfit.statistics.losses import TASKS, Loss
from everfit.statistics.paired import loss_difference
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.subject import Past, Subject

NAME = "holds_over_time"
BAR = 0.0


@dataclass(frozen=True)
class HoldsOverTime:
    """The same recipe would have worked before too: in each of several past windows, trained on what came before it and
    judged on it, it does better than a constant answer.

    One good holdout may be luck, or a month that was easy. The candidate's algorithm, parameters, features and seed are
    trained again for each window (`windows` of them, the newest training batches), on the training batches before it.
    Settings: `loss` (see `everfit.statistics.losses`) and `windows`. Passes when the recipe's mean loss is surely lower
    in every window: each is asked at one-sided 95 %, and no correction is due, since all have to pass (an
    intersection-union test: Berger, Technometrics 24 (1982) 295-300). Fails when it is surely not in one of them, at a
    level divided by their number (Bonferroni). It costs so many trainings.
    """

    loss: Loss
    windows: int = 3

    def __post_init__(self) -> None:
        one_of("loss", self.loss, TASKS)
        whole("windows", self.windows, least=1)

    @property
    def tasks(self) -> frozenset[str]:
        """The task that the loss is for."""
        return TASKS[self.loss]

    def measure(self, subject: Subject) -> Mapping[str, Any]:
        """Train and judge the recipe for each window."""
        return {"windows": [self._window(past) for past in subject.past(self.windows)]}

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold every window's interval against zero."""
        windows = evidence.measured.get("windows", [])
        if len(windows) < self.windows:
            return cannot_tell(
                NAME,
                f"only {len(windows)} of {self.windows} past windows can be judged, since each needs a batch to learn "
                "from before it: ask for fewer, or take more batches (window.batches)",
                evidence,
            )
        parts = tuple(self._part(window) for window in windows)
        surely_bad = any(w["p_not_better"] < (1 - LEVEL) / len(windows) for w in windows)
        worst = max(parts, key=lambda part: _RANK[part.outcome])
        if worst.outcome is Outcome.PASSED:
            outcome = Outcome.PASSED
        else:
            outcome = Outcome.FAILED if surely_bad else Outcome.CANNOT_TELL
        good = sum(part.outcome is Outcome.PASSED for part in parts)
        closest = max((p for p in parts if p.effect is not None), key=lambda p: p.high or 0.0, default=worst)
        reason = f"the recipe does surely better than a constant answer in {good} of {len(parts)} past windows"
        if worst.outcome is not Outcome.PASSED:
            reason += f"; {worst.name}: {worst.reason}"
        return Verdict(
            NAME,
            outcome,
            reason,
            *(closest.effect, closest.low, closest.high, BAR if closest.effect is not None else None),
            n=sum(part.n for part in parts),
            test="trained again on what came before each window; cluster-robust t by day, one-sided 95 %",
            wanted="below",
            parts=parts,
        )

    def _window(self, past: Past) -> Mapping[str, Any]:
        evidence = past.evidence
        why_not = obstacle(evidence, "recipe", evidence.candidate)
        if why_not:
            return {"name": past.name, "why_not": why_not, "rows": evidence.rows, "p_not_better": 1.0}
        baseline = evidence.baseline_for(self.loss)
        found = loss_difference(self.loss, evidence.truth, evidence.candidate, baseline, evidence.clusters)
        return {
            "name": past.name,
            "why_not": "",
            "rows": found.rows,
            "p_not_better": found.p(BAR, above=True),
            "found": asdict(found),
        }

    def _part(self, window: Mapping[str, Any]) -> Detail:
        if window["why_not"]:
            return Detail(window["name"], Outcome.CANNOT_TELL, window["why_not"], n=window["rows"])
        found = Estimate(**window["found"])
        outcome = side(found, BAR, above=False)
        reason = (
            f"{TITLES[self.loss]} is {compared(found.value)} than that of a constant answer, from "
            f"{compared(found.low)} to {compared(found.high)}"
        )
        return Detail(window["name"], outcome, reason, found.value, found.low, found.high, BAR, found.rows)


_RANK = {Outcome.PASSED: 0, Outcome.CANNOT_TELL: 1, Outcome.FAILED: 2}
