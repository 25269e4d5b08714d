"""From a model version back to what it was made of, and from bytes on to every version that knows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from everfit.errors import LedgerError, UnknownName
from everfit.ledger.entries import (
    BatchAccepted,
    BatchRecalled,
    ModelRegistered,
    PointersPublished,
    Promoted,
    RolledBack,
    RowsErased,
    RunTriggered,
)
from everfit.ledger.people import in_sentences
from everfit.values import Batch, FileHash, Placement, Verdict

if TYPE_CHECKING:
    from everfit.ledger.entry import Entry
    from everfit.ledger.view import View

CODE = "features.py"


class Role(StrEnum):
    """What a batch was for in a training run."""

    LEARNT = "learnt from"
    APART = "kept apart"
    JUDGED = "judged on"


@dataclass(frozen=True)
class Source:
    """One batch: what it was for in a run, the entry that accepted it (0: none did), and what became of it since.

    `revision` is the git revision that first held its pointer ("" if none does), `recalled` says by which entry and why
    it must not be used any more, `corrected` is the label of the version that took its place; both are "" if not.
    """

    role: Role | None
    label: str
    partition: str
    sha256: str
    rows: int
    accepted: int
    revision: str
    recalled: str
    corrected: str


@dataclass(frozen=True)
class Period:
    """A time for which a version was the champion, from decision to decision; `until` None: it still is."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Trace:
    """What the ledger says of a version: its sources, its run, its judges, its files, and when it served.

    `standing` is champion, previous, challenger, or what it was; `touched` says that it knows recalled data. `device`
    is the one that was asked for, `placement` (None in old entries) also the one that was used. `people` is what people
    decided about it: an override of its gates, approvals.
    """

    model: str
    version: int
    standing: str
    touched: bool
    run: str
    why: str
    by: str
    note: str
    asked: datetime
    snapshot: str
    device: str
    sources: tuple[Source, ...]
    judged: int
    judged_at: datetime
    against: int | None
    reason: str
    verdicts: tuple[Verdict, ...]
    registered_at: datetime
    files: tuple[FileHash, ...]
    mlflow_run: str
    served: tuple[Period, ...]
    placement: Placement | None = None
    people: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The SHA-256 of the feature code, "" for a version without any."""
        return next((file.sha256 for file in self.files if file.name == CODE), "")

    @property
    def rows(self) -> int:
        """How many rows all sources have."""
        return sum(source.rows for source in self.sources)


@dataclass(frozen=True)
class Use:
    """One run that used some bytes: what for, and the version that came of it (None: it was kept back)."""

    model: str
    version: int | None
    run: str
    role: Role
    asked: datetime
    standing: str
    served: tuple[Period, ...]


def trace(view: View, model: str, version: int) -> Trace:
    """Everything that the ledger says of how a version came about and what became of it.

    Errors: `UnknownName` for a version that was never registered.
    """
    if version not in view.versions:
        raise UnknownName(f"version of {model}", str(version), map(str, view.versions))
    made = next(entry for entry in view.of(ModelRegistered) if entry.body.version.version == version)
    rests_on = view.judgement(version)
    judged = rests_on.body
    ran = started(view, judged.run)
    return Trace(
        model=model,
        version=version,
        standing=standing(view, version),
        touched=version in view.touched,
        run=judged.run,
        why=ran.body.why,
        by=ran.body.by,
        note=ran.body.note,
        asked=ran.at,
        snapshot=judged.snapshot,
        device=ran.body.device,
        placement=judged.placement,
        sources=tuple(_source(view, ran, place) for place in range(len(ran.body.batches))),
        judged=rests_on.seq,
        judged_at=rests_on.at,
        against=judged.champion,
        reason=judged.reason,
        verdicts=judged.verdicts,
        registered_at=made.at,
        files=made.body.version.files,
        mlflow_run=made.body.version.mlflow_run,
        served=served(view, version),
        people=in_sentences(view, judged.run),
    )


def started(view: View, run: str) -> Entry[RunTriggered]:
    """The entry that started a run; `LedgerError` if there is none."""
    for entry in view.triggers:
        if entry.body.run == run:
            return entry
    raise LedgerError(f"the ledger has no entry that started run {run!r}; was it copied in part? Restore it")


def named(view: View, model: str, word: str) -> int:
    """The version that a person means: a number, or champion, previous or challenger.

    Errors: `UnknownName` for another word, or for a standing that no version has.
    """
    roles = {"champion": view.champion, "previous": view.previous, "challenger": view.challenger}
    number = int(word) if word.isdecimal() else roles.get(word)
    if number is None:
        known = [*(name for name, version in roles.items() if version is not None), *map(str, view.versions)]
        raise UnknownName(f"version of {model}", word, known)
    return number


def uses(view: View, model: str, contents: Collection[str]) -> tuple[Use, ...]:
    """Every judged run of the model that used a batch with one of these SHA-256, oldest first."""
    versions = {view.judged(entry.body.judged).run: entry.body.version.version for entry in view.of(ModelRegistered)}
    found = []
    for entry in view.triggers:
        body = entry.body
        roles = [role_of(body, place) for place, batch in enumerate(body.batches) if batch.sha256 in contents]
        if roles and body.run in view.judged_runs:
            version = versions.get(body.run)
            state = "kept back" if version is None else standing(view, version)
            periods = () if version is None else served(view, version)
            found.append(Use(model, version, body.run, roles[0], entry.at, state, periods))
    return tuple(found)


def source(view: View, entry: Entry[BatchAccepted]) -> Source:
    """An accepted batch, in no particular role, and what became of it since."""
    return _told(view, entry.body.batch, None, entry.seq)


def standing(view: View, version: int) -> str:
    """What a registered version is now."""
    roles = {"champion": view.champion, "challenger": view.challenger, "previous": view.previous}
    role = next((name for name, held in roles.items() if held == version), "")
    return role or ("was champion" if served(view, version) else "registered")


def served(view: View, version: int) -> tuple[Period, ...]:
    """The times for which the version was the champion, oldest first."""
    changes = [
        (entry.at, entry.body.version) for entry in view.entries if isinstance(entry.body, Promoted | RolledBack)
    ]
    ends = [*(at for at, _ in changes[1:]), None]
    return tuple(Period(at, end) for (at, who), end in zip(changes, ends, strict=False) if who == version)


def role_of(run: RunTriggered, place: int) -> Role:
    """What the batch at a place of a run's batches was for."""
    if place >= len(run.batches) - run.holdout:
        return Role.JUDGED
    return Role.APART if place >= len(run.batches) - run.holdout - run.gap else Role.LEARNT


def _source(view: View, ran: Entry[RunTriggered], place: int) -> Source:
    batch = ran.body.batches[place]
    accepted = (entry.seq for entry in view.of(BatchAccepted) if entry.seq < ran.seq and entry.body.batch == batch)
    return _told(view, batch, role_of(ran.body, place), max(accepted, default=0))


def _told(view: View, batch: Batch, role: Role | None, seq: int) -> Source:
    now = {other.partition: other for _, other in view.batches}.get(batch.partition)
    return Source(
        role=role,
        label=batch.label,
        partition=batch.partition,
        sha256=batch.sha256,
        rows=batch.rows,
        accepted=seq,
        revision=next((e.body.revision for e in view.of(PointersPublished) if seq and e.body.upto >= seq), ""),
        recalled="; ".join(_taken_back(view, seq)),
        corrected=now.label if now is not None and now.sha256 != batch.sha256 else "",
    )


def _taken_back(view: View, seq: int) -> Iterator[str]:
    for recall in view.of(BatchRecalled):
        if seq in recall.body.batches:
            yield f"recalled in entry {recall.seq} by {recall.body.by}: {recall.body.reason}"
    for erasure in view.of(RowsErased):
        if seq in erasure.body.batches:
            yield f"rows erased in entry {erasure.seq} by {erasure.body.by}: {erasure.body.reason}"
