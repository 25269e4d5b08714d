"""The gate `answers_sanely`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.gates._claims import odd_rows
from everfit.gates.evidence import TASKS
from everfit.statistics.losses import CLASSES
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect

ROUNDING = 1e-3


@dataclass(frozen=True)
class AnswersSanely:
    """The candidate answers every row with a finite number, not the same for all, and a probability where one is due.

    Of several classes the probabilities add up to 1, quantiles do not cross, and a time is above 0.

    Put it first: it is what the other gates take for granted. It cannot tell when the holdout has no rows or only one
    label, for then no answer can be told from any other.
    """

    @property
    def tasks(self) -> frozenset[str]:
        """Any."""
        return frozenset(TASKS)

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
    odd = odd_rows(scores)
    if odd:
        return Outcome.FAILED, f"{odd:,} of {rows:,} scores are not finite numbers"
    low, high = float(scores.min()), float(scores.max())
    if wrong := _out_of_bounds(evidence.task, scores, low, high):
        return Outcome.FAILED, wrong
    if (scores == scores[0]).all():
        shown = ", ".join(f"{one:.4g}" for one in np.atleast_1d(scores[0]))
        return Outcome.FAILED, f"every one of {rows:,} rows got the same score, {shown}"
    if float(evidence.y.min()) == float(evidence.y.max()):
        return Outcome.CANNOT_TELL, f"every one of {rows:,} rows has the same label, {_label(evidence)}"
    return Outcome.PASSED, f"{rows:,} finite scores from {low:.4g} to {high:.4g}, and labels that vary"


def _out_of_bounds(task: str, scores: Any, low: float, high: float) -> str | None:
    """What no answer to the task can be."""
    import numpy as np

    if task in CLASSES and (low < 0 or high > 1):
        return f"scores run from {low:.4g} to {high:.4g}, which are no probabilities"
    if task == "multiclass" and (worst := float(np.abs(scores.sum(axis=1) - 1).max())) > ROUNDING:
        return f"the probabilities of a row add up to 1 only within {worst:.4g}"
    if task == "quantile" and (crossing := int((np.diff(scores, axis=1) < 0).any(axis=1).sum())):
        return f"the quantiles of {crossing:,} rows cross"
    if task == "survival" and low <= 0:
        return f"scores run from {low:.4g}, which is no time to wait for"
    return None


def _label(evidence: Evidence) -> str:
    return evidence.columns[int(evidence.y[0])] if evidence.task == "multiclass" else f"{evidence.y[0]:.4g}"
