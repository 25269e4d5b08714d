"""Who has agreed to a promotion, and what follows: read from the log alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from everfit.errors import NotApproved
from everfit.ledger.entries import ApprovalAsked, ApprovalGiven, ApprovalLapsed

if TYPE_CHECKING:
    from everfit.ledger.entry import Entry
    from everfit.ledger.view import View

FOUR_EYES = 2


class Answer(StrEnum):
    """What the answers to a question amount to."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"


@dataclass(frozen=True)
class Approval:
    """One question to people, their answers in order, and the entry that says that the time was over (None: it is not).

    `lapsed` counts only if people had not decided before.
    """

    asked: Entry[ApprovalAsked]
    given: tuple[Entry[ApprovalGiven], ...]
    lapsed: Entry[ApprovalLapsed] | None

    @property
    def answer(self) -> Answer:
        """What it amounts to: `LAPSED` only where the terms keep the version back then."""
        if any(not entry.body.approved for entry in self.given):
            return Answer.REJECTED
        if not self.missing or (self.lapsed and self.lapsed.body.promote):
            return Answer.APPROVED
        return Answer.LAPSED if self.lapsed else Answer.OPEN

    @property
    def missing(self) -> int:
        """How many people have yet to approve."""
        return max(0, (FOUR_EYES if self.asked.body.four_eyes else 1) - len(self.given))

    def over(self, now: datetime) -> bool:
        """Whether the time to answer is over."""
        until = self.asked.body.until
        return until is not None and now >= until

    def check(self, who: str, at: datetime) -> None:
        """Raise `NotApproved` unless `who` may answer, and at that time."""
        terms, version = self.asked.body, self.asked.body.version
        if self.answer is not Answer.OPEN:
            raise NotApproved(f"version {version} is {self.answer} already (entry {self.last.seq}): nothing is asked")
        if terms.people and who not in terms.people:
            raise NotApproved(f"{who} may not answer for version {version}; wanted {' or '.join(terms.people)}")
        if who in (entry.body.by for entry in self.given):
            raise NotApproved(f"{who} has approved version {version} already; wanted somebody else beside {who}")
        if self.over(at):
            raise NotApproved(f"the time to answer for version {version} was over at {terms.until:%Y-%m-%d %H:%M} UTC")

    @property
    def last(self) -> Entry:
        """The newest entry that has to do with it."""
        return self.lapsed or (self.given[-1] if self.given else self.asked)


def approval(view: View, version: int) -> Approval | None:
    """The newest question about a version, with its answers; None if people were never asked."""
    asked = [entry for entry in view.of(ApprovalAsked) if entry.body.version == version]
    if not asked:
        return None
    seq = asked[-1].seq
    given = tuple(entry for entry in view.of(ApprovalGiven) if entry.body.asked == seq)
    lapsed = next((entry for entry in view.of(ApprovalLapsed) if entry.body.asked == seq), None)
    return Approval(asked[-1], given, lapsed)


def may_be_promoted(view: View, version: int) -> None:
    """Raise `NotApproved` if people were asked about the version and have not agreed."""
    found = approval(view, version)
    if found is not None and found.answer is not Answer.APPROVED:
        raise NotApproved(f"version {version} is not to be promoted: {in_short(found)}")


def in_short(found: Approval) -> str:
    """Who said what, in a sentence."""
    terms = found.asked.body
    said = [
        f"{entry.body.by} {'approved' if entry.body.approved else 'rejected'} it"
        + (f" ({entry.body.reason})" if entry.body.reason else "")
        for entry in found.given
    ]
    if found.lapsed:
        decided = "declared default promotes it" if found.lapsed.body.promote else "declared default keeps it back"
        said.append(f"nobody else answered until {terms.until:%Y-%m-%d %H:%M} UTC, and the {decided}")
    if found.answer is Answer.OPEN:
        people = " or ".join(terms.people) or "somebody"
        said.append(f"it waits for {people}{' (somebody else)' if found.given else ''} to approve it")
    return "; ".join(said)
