"""The decisions of a model, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.ledger import Entry, View


@dataclass(frozen=True)
class Line:
    """One decision as a row of the page."""

    seq: int
    at: str
    tone: str
    kind: str
    words: str
    report: str | None


TONES = {
    "batch_accepted": "good",
    "promoted": "good",
    "deployed": "good",
    "model_registered": "good",
    "batch_quarantined": "bad",
    "deployment_failed": "bad",
    "deployment_overtaken": "unsure",
    "rolled_back": "bad",
    "batch_recalled": "bad",
    "rows_erased": "unsure",
    "gates_overridden": "bad",
    "approval_asked": "unsure",
    "approval_lapsed": "unsure",
}
HIDDEN = {"attempt_opened", "alerted"}


def decisions(view: View, model: str) -> tuple[Line, ...]:
    """All decisions of a model, newest first."""
    return tuple(_line(entry, model) for entry in reversed(view.entries) if entry.kind not in HIDDEN)


def _line(entry: Entry, model: str) -> Line:
    from everfit.ledger.entries import ApprovalGiven, CandidateJudged, Monitored, RollbackRehearsed
    from everfit.ledger.words import in_words
    from everfit.steps.card import name_of, report_key

    tone, report = TONES.get(entry.kind, "plain"), getattr(entry.body, "report", None)
    if isinstance(entry.body, CandidateJudged):
        tone, report = "good" if entry.body.promote else "unsure", report_key(model, name_of(entry.key, entry.body.run))
    if isinstance(entry.body, RollbackRehearsed):
        tone = "good" if entry.body.ok else "bad"
    if isinstance(entry.body, Monitored):
        tone = "bad" if entry.body.harmful else "plain"
    if isinstance(entry.body, ApprovalGiven):
        tone = "good" if entry.body.approved else "bad"
    when = f"{entry.at:%Y-%m-%d %H:%M:%S}"
    return Line(entry.seq, when, tone, entry.kind.replace("_", " "), in_words(entry), report)
