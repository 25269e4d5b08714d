"""Asks people before a promotion, and keeps what they answer.

    ApprovalAsked       the terms, from the spec of that moment; from here on nobody promotes the version without them
    ApprovalGiven       an answer: who, when, where and why
    ApprovalLapsed      the time was over, and what was declared for that counts

The ledger holds the answer. Airflow's page and the command line are two ways of giving it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.errors import NotApproved, SpecError, UnknownName
from everfit.ledger.approvals import Answer, Approval, approval
from everfit.ledger.entries import ApprovalAsked, ApprovalGiven, ApprovalLapsed, ModelRegistered
from everfit.ledger.trace import named
from everfit.steps.judge import publish_again

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec

Roles = Mapping[str, tuple[str, ...]]
"""Who has which role, by its name."""


@dataclass(frozen=True)
class Said:
    """What a person answered: `at` is when, `where` in Airflow or at a terminal."""

    approved: bool
    by: str
    reason: str
    at: datetime
    where: str


def ask(ports: Ports, spec: ModelSpec, version: int, roles: Roles) -> Approval:
    """Put the question about a version, if it is not there yet; returns it with the answers so far.

    A question that lapsed is put again, with the time from the beginning. Errors: `SpecError` if the spec asks nobody,
    `UnknownName` for a version that is not registered.
    """
    terms, ledger = spec.promotion.approval, ports.ledger(spec.name)
    if terms is None:
        raise SpecError(f"{spec.name} asks nobody before a promotion; add promotion.approval to its spec for that")
    before = approval(ledger.view(), version)
    if before is not None and before.answer is not Answer.LAPSED:
        return before
    people = tuple(dict.fromkeys(person for name in terms.by for person in roles.get(name, (name,))))
    number = 1 + sum(entry.body.version == version for entry in ledger.view().of(ApprovalAsked))
    until = ports.clock() + terms.time if terms.time else None
    asked = ApprovalAsked(version, people, terms.four_eyes, until, terms.otherwise)
    ledger.append(f"approval:{version}:{number}", asked)
    return _now(ledger.view(), version)


def answer(ports: Ports, spec: ModelSpec, version: int, said: Said) -> Approval:
    """Keep a person's answer, in the ledger, on the version in MLflow and on the page of the judgement.

    The same answer again changes nothing. Errors: `NotApproved` if this person may not answer, has answered, or comes
    too late, or if nobody was asked.
    """
    ledger = ports.ledger(spec.name)
    asked = _now(ledger.view(), version).asked.seq
    given = ApprovalGiven(version, asked, said.approved, said.by, said.reason, said.at, said.where)
    kept = ledger.append(f"approval:{asked}:{said.by}", given).body
    if isinstance(kept, ApprovalGiven) and kept.approved != said.approved:
        word = "approved" if kept.approved else "rejected"
        raise NotApproved(f"{said.by} has {word} version {version} already, and an answer is not taken back")
    return _told(ports, spec, version)


def lapse(ports: Ports, spec: ModelSpec, version: int) -> Approval:
    """Let the declared default count if the time is over and nobody has decided; else nothing happens."""
    ledger = ports.ledger(spec.name)
    found = _now(ledger.view(), version)
    if found.answer is not Answer.OPEN or not found.over(ports.clock()):
        return found
    terms = found.asked
    over = ApprovalLapsed(version, terms.seq, promote=terms.body.otherwise == "promote")
    try:
        ledger.append(f"approval:{terms.seq}:lapsed", over)
    except NotApproved:  # somebody has decided in this very moment
        return _now(ledger.view(), version)
    return _told(ports, spec, version)


def version_meant(view: View, model: str, word: str) -> int:
    """The registered version that a person means by a run, a number, or champion, previous or challenger."""
    runs = {view.judged(entry.body.judged).run: entry.body.version.version for entry in view.of(ModelRegistered)}
    if word in runs:
        return runs[word]
    try:
        return named(view, model, word)
    except UnknownName as error:
        raise UnknownName(f"registered run or version of {model}", word, [*error.known, *runs]) from error


def _now(view: View, version: int) -> Approval:
    found = approval(view, version)
    if found is None:
        raise NotApproved(f"nobody was asked about version {version} yet, so there is nothing to answer")
    return found


def _told(ports: Ports, spec: ModelSpec, version: int) -> Approval:
    view = ports.ledger(spec.name).view()
    publish_again(ports, spec, view.judged(_judged(view, version)).run)
    return _now(view, version)


def _judged(view: View, version: int) -> int:
    return next(entry.body.judged for entry in view.of(ModelRegistered) if entry.body.version.version == version)
