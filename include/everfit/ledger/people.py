"""What people decided about a candidate, as its page and its version in MLflow say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.ledger.approvals import approval, in_short
from everfit.ledger.entries import ApprovalAsked, ApprovalGiven, ApprovalLapsed, GatesOverridden, ModelRegistered
from everfit.ledger.words import in_words

if TYPE_CHECKING:
    from everfit.ledger import Entry, View


def people(view: View, run: str) -> tuple[Entry, ...]:
    """The entries by which people decided about the candidate of a run, oldest first."""
    version = version_of(view, run)
    found: list[Entry] = [entry for entry in view.of(GatesOverridden) if entry.body.run == run]
    found += [entry for entry in view.of(ApprovalAsked) if entry.body.version == version]
    found += [entry for entry in view.of(ApprovalGiven) if entry.body.version == version]
    found += [entry for entry in view.of(ApprovalLapsed) if entry.body.version == version]
    return tuple(sorted(found, key=lambda entry: entry.seq))


def in_sentences(view: View, run: str) -> tuple[str, ...]:
    """The same for a page: what was decided, when, and the entry that keeps it."""
    return tuple(f"{_sentence(e)} ({e.at:%Y-%m-%d %H:%M} UTC, entry {e.seq})" for e in people(view, run))


def tags(view: View, run: str) -> dict[str, str]:
    """What MLflow's version says of it: `everfit.approval` and `everfit.override`, as far as there are any."""
    version, over = version_of(view, run), view.overridden(run)
    found = approval(view, version) if version is not None else None
    said = {"everfit.approval": f"{found.answer}: {in_short(found)}"} if found else {}
    return said | ({"everfit.override": against_the_gates(over.body)} if over else {})


def against_the_gates(body: GatesOverridden) -> str:
    """How an override is named wherever a person looks."""
    return f"promoted against the gates by {body.by} because {body.reason}"


def _sentence(entry: Entry) -> str:
    words = against_the_gates(entry.body) if isinstance(entry.body, GatesOverridden) else in_words(entry)
    return words[:1].upper() + words[1:]


def version_of(view: View, run: str) -> int | None:
    """The version that the candidate of a run became, or None."""
    made = (entry.body for entry in view.of(ModelRegistered))
    return next((body.version.version for body in made if view.judged(body.judged).run == run), None)
