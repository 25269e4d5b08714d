"""What the pages show: the ledger, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.ledger import Entry
    from everfit.ports import Store


@dataclass(frozen=True)
class Line:
    """One decision as a row of the page."""

    seq: int
    at: str
    tone: str
    kind: str
    words: str
    report: str | None


@dataclass(frozen=True)
class Story:
    """One model's page."""

    model: str
    champion: int | None
    previous: int | None
    challenger: int | None
    batches: int
    rows: int
    intact: int
    lines: tuple[Line, ...]


TONES = {
    "batch_accepted": "good",
    "promoted": "good",
    "deployed": "good",
    "model_registered": "good",
    "batch_quarantined": "bad",
    "deployment_failed": "bad",
    "rolled_back": "bad",
}
HIDDEN = {"attempt_opened"}


def overview(store: Store) -> list[Story]:
    """The story of every model that has a ledger."""
    names = sorted({key.split("/")[1] for key in store.list("ledger")})
    return [story(store, name) for name in names]


def story(store: Store, model: str) -> Story:
    """The decisions of one model, newest first, with the chain of hashes checked."""
    from everfit.ledger import Ledger

    view = Ledger(model, store, lambda: datetime.now(UTC)).view()
    return Story(
        model=model,
        champion=view.champion,
        previous=view.previous,
        challenger=view.challenger,
        batches=len(view.batches),
        rows=sum(batch.rows for _, batch in view.batches),
        intact=len(view.entries),
        lines=tuple(_line(entry, model) for entry in reversed(view.entries) if entry.kind not in HIDDEN),
    )


def _line(entry: Entry, model: str) -> Line:
    from everfit.ledger.words import in_words

    promoted = getattr(entry.body, "promote", None)
    tone = TONES.get(entry.kind, "plain") if promoted is None else ("good" if promoted else "bad")
    report = getattr(entry.body, "report", None)
    if entry.kind == "candidate_judged":
        from everfit.steps.judge import report_key

        report = report_key(model, entry.body.run)  # type: ignore[union-attr]
    when = entry.at.strftime("%Y-%m-%d %H:%M:%S")
    return Line(entry.seq, when, tone, entry.kind.replace("_", " "), in_words(entry), report)
