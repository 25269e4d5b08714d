"""The gate `answers_sanely`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect


@dataclass(frozen=True)
class AnswersSanely:
    """The candidate answers every row with a finite number, not the same for all, and a probability where one is due.

    Put it first: it is what the other gates take for granted. It cannot tell when the holdout has no rows or only one
    label, for then no answer can be told from any other.
    """

    @property
    def tasks(self) -> frozenset[str]:
        """Any."""
        return frozenset({"binary", "regression"})

    def judge(self, evidence: Evidence) -> Verdict:
        """Look at the candidate's scores one by one."""
        outcome, reason = _look(evidence)
        return Verdict("answers_sanely", outcome, reason, n=evidence.rows, test="every score of the holdout")

    def hopeless(self, prospect: Prospect) -> str | None:
        """With one label only, no answer can be told from any other."""
        if prospect.rows and float(prospect.y.min()) == float(prospect.y.max()):
            return (
                f"every one of {prospect.rows:,} rows held out has the same label, {prospect.y[0]:.4g}: hold out more "
                "batches (window.holdout)"
            )
        return None


def _look(evidence: Evidence) -> tuple[Outcome, str]:
    import numpy as np

    scores, rows = evidence.candidate, evidence.rows
    if rows == 0:
        return Outcome.CANNOT_TELL, "the holdout has no labelled row"
    odd = int((~np.isfinite(scores)).sum())
    if odd:
        return Outcome.FAILED, f"{odd:,} of {rows:,} scores are not finite numbers"
    low, high = float(scores.min()), float(scores.max())
    if evidence.task == "binary" and (low < 0 or high > 1):
        return Outcome.FAILED, f"scores run from {low:.4g} to {high:.4g}, which are no probabilities"
    if low == high:
        return Outcome.FAILED, f"every one of {rows:,} rows got the same score, {low:.4g}"
    if float(evidence.y.min()) == float(evidence.y.max()):
        return Outcome.CANNOT_TELL, f"every one of {rows:,} rows has the same label, {evidence.y[0]:.4g}"
    return Outcome.PASSED, f"{rows:,} finite scores from {low:.4g} to {high:.4g}, and labels that vary"
