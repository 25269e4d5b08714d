"""What a ledger amounts to: the state that follows from its entries, and from nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, TypeVar, cast

from everfit.errors import LedgerError, UnknownName
from everfit.ledger.entries import (
    ApprovalGiven,
    ApprovalLapsed,
    BatchAccepted,
    BatchDuplicate,
    BatchQuarantined,
    BatchRecalled,
    Body,
    BytesDeleted,
    CandidateJudged,
    DeploymentFailed,
    DeploymentOvertaken,
    DeploymentStarted,
    GatesOverridden,
    ModelRegistered,
    Monitored,
    Promoted,
    RetrainAsked,
    RolledBack,
    RowsErased,
    RunTriggered,
    StageEntered,
)
from everfit.ledger.entry import KINDS, Entry
from everfit.signals import Signal
from everfit.values import Batch, ModelVersion, Outcome, Route

K = TypeVar("K", bound=Body)

FEW = 8
"""So many new entries are put into indexes that are there; with more it is quicker to make them anew."""

CHANGES = (
    ModelRegistered,
    ApprovalGiven,
    ApprovalLapsed,
    DeploymentStarted,
    DeploymentFailed,
    DeploymentOvertaken,
    Promoted,
    RolledBack,
)
"""The kinds of decision that change who serves, who is on trial and who waits."""


class Standing(NamedTuple):
    """Who serves (the last of `reign`), who is on trial, and who waits for one."""

    reign: tuple[int, ...] = ()
    trial: int | None = None
    waiting: frozenset[int] = frozenset()

    def after(self, body: Body) -> Standing:
        """The standing once `body` has been decided.

        Promoting a version ends the wait of older ones. Rolling back takes what is undone off the `reign`, so that it
        is never the version to go back to; going forward again to an undone version puts it in the champion's place.
        """
        match body:
            case ModelRegistered(version=made):
                return self._replace(waiting=self.waiting | {made.version})
            case DeploymentStarted(version=version):
                return self._replace(trial=None if version in self.reign[-1:] else version)
            case (
                DeploymentFailed(version=version)
                | DeploymentOvertaken(version=version)
                | ApprovalGiven(version=version, approved=False)
                | ApprovalLapsed(version=version, promote=False)
            ):
                trial = None if self.trial == version else self.trial
                gone = set() if isinstance(body, DeploymentOvertaken) else {version}
                return self._replace(trial=trial, waiting=self.waiting - gone)
            case Promoted(version=version):
                later = frozenset(other for other in self.waiting if other > version)
                return Standing((*self.reign, version), None, later)
            case RolledBack(version=version, undone=undone):
                at = max((place for place, then in enumerate(self.reign) if then == version), default=-1)
                return Standing((*self.reign[:at], version), None, self.waiting - {version, undone})
            case _:
                return self


@dataclass(frozen=True)
class View:
    """The state of a model as its `entries` tell it; a view of fewer entries is the state of an earlier moment."""

    entries: tuple[Entry, ...]

    def after(self, new: Sequence[Entry]) -> View:
        """The state once these entries follow. After a few, the indexes of a long ledger are not made anew."""
        view = View((*self.entries, *new))
        if len(new) > FEW:
            return view
        by_kind, by_key = dict(self._by_kind), dict(self._by_key)
        for entry in new:
            kind = KINDS[entry.kind]
            by_kind[kind] = (*by_kind.get(kind, ()), entry)
            by_key.setdefault(entry.key, entry)
        vars(view).update(_by_kind=by_kind, _by_key=by_key)
        return view

    @property
    def head(self) -> str:
        """The SHA-256 of the newest entry ("" before the first): what a compare-and-swap is made on."""
        return self.entries[-1].sha256 if self.entries else ""

    @cached_property
    def standing(self) -> Standing:
        """Champion, predecessors, version on trial and versions that wait, folded from all decisions."""
        standing = Standing()
        changes = [entry for kind in CHANGES for entry in self._by_kind.get(kind, ())]
        for entry in sorted(changes, key=lambda entry: entry.seq):
            standing = standing.after(entry.body)
        return standing

    def overridden(self, run: str) -> Entry[GatesOverridden] | None:
        """The entry by which the run's candidate may be promoted against its gates, or None."""
        return next((entry for entry in self.of(GatesOverridden) if entry.body.run == run), None)

    @property
    def champion(self) -> int | None:
        """The version that serves: the one that was last promoted or rolled back to."""
        return self.standing.reign[-1] if self.standing.reign else None

    @property
    def previous(self) -> int | None:
        """The version to go back to: the champion before this one. After a roll back from 3 to 2 it is the one that 2
        had replaced (None if there was none): never 3, which was undone, and never one that a recall touched."""
        return next((version for version in self.standing.reign[-2::-1] if version not in self.touched), None)

    @property
    def challenger(self) -> int | None:
        """The version on trial; else the newest one that waits: registered after the newest promotion's version, and
        neither failed in deployment nor rejected by people nor undone nor touched by a recall."""
        trial = self.standing.trial
        return trial if trial not in (None, *self.touched) else max(self.standing.waiting - self.touched, default=None)

    @property
    def stage(self) -> Entry[StageEntered] | None:
        """The stage that the version on trial is at, if it is rolled out in stages and has entered one."""
        started = next((e for e in reversed(self.of(DeploymentStarted)) if e.body.version == self.standing.trial), None)
        return next(reversed(self.stages(started.seq)), None) if started else None

    def stages(self, intent: int) -> tuple[Entry[StageEntered], ...]:
        """The stages that the rollout begun in entry `intent` has entered, in their order."""
        return tuple(entry for entry in self.of(StageEntered) if entry.body.intent == intent)

    def route(self, model: str) -> Route:
        """Which versions answer whom now. The champion before one that came in stages goes on in the shadow."""
        versions = Route(model, self.champion, self.previous, self.challenger)
        if (stage := self.stage) and stage.body.version == self.challenger:
            at = stage.body
            unseen = ("champion",) * (at.share > 0) + ("challenger",) * (at.share < 1)
            shadows = unseen if at.shadow else ()
            return replace(versions, share=at.share, key=at.key, salt=f"{model}:{at.intent}", shadows=shadows)
        staged = any(entered.body.version == self.champion for entered in self.of(StageEntered))
        return replace(versions, shadows=("previous",)) if staged and self.previous else versions

    @cached_property
    def versions(self) -> Mapping[int, ModelVersion]:
        """Every registered version, by number."""
        return {entry.body.version.version: entry.body.version for entry in self.of(ModelRegistered)}

    @cached_property
    def batches(self) -> tuple[tuple[int, Batch], ...]:
        """The newest good (accepted, not recalled) version of each partition, after its entry's seq; by partition.

        A partition whose newest version was deleted is left out: an older one would be out of date.
        """
        good = (entry for entry in self.of(BatchAccepted) if entry.seq not in self.recalled)
        newest = {entry.body.batch.partition: (entry.seq, entry.body.batch) for entry in good}
        return tuple(newest[partition] for partition in sorted(newest) if newest[partition][0] not in self.deleted)

    @cached_property
    def deleted(self) -> Mapping[int, Entry]:
        """The entries whose batches' bytes retention has removed, and the entry that says so.

        Of two partitions with the same bytes one can go and the other stay: then the bytes stay.
        """
        last = {_partition_and_sha256(text): gone for gone in self.of(BytesDeleted) for text in gone.body.batches}
        if not last:
            return {}  # so that no accepted batch has to be read for it
        accepted = ((entry.seq, entry.body.batch) for entry in self.of(BatchAccepted))
        ends = ((seq, last.get((batch.partition, batch.sha256))) for seq, batch in accepted)
        return {seq: gone for seq, gone in ends if gone and seq < gone.seq}

    @cached_property
    def recalled(self) -> frozenset[int]:
        """The entries whose batches must not be used any more: recalled, or replaced because rows were erased."""
        gone = [entry.body.batches for entry in self.of(BatchRecalled)]
        gone += [entry.body.batches for entry in self.of(RowsErased)]
        return frozenset(seq for batches in gone for seq in batches)

    @cached_property
    def touched(self) -> frozenset[int]:
        """The versions that learnt from, or were judged on, a recalled batch: none of them is promoted again."""
        return self.knowing(self.recalled)

    def knowing(self, batches: Collection[int]) -> frozenset[int]:
        """The versions that learnt from, or were judged on, one of the batches that these entries accepted."""
        if not batches:
            return frozenset()
        known = self._contents(batches)
        return frozenset(
            version
            for version in self.versions
            if any((batch.partition, batch.sha256) in known for run in self.line(version) for batch in run.batches)
        )

    def run_knowing(self, batches: Collection[int]) -> str | None:
        """The newest run, or else the newest judged one, if it took one of the batches that these entries accepted."""
        known = self._contents(batches)
        newest = [*self.triggers[-1:], *(one for one in (self.newest_judged,) if one)]
        taken = (entry.body for entry in newest if any((b.partition, b.sha256) in known for b in entry.body.batches))
        return next((body.run for body in taken), None)

    def _contents(self, batches: Collection[int]) -> set[tuple[str, str]]:
        bodies = (self.entries[seq - 1].body for seq in batches)
        return {(body.batch.partition, body.batch.sha256) for body in bodies if isinstance(body, BatchAccepted)}

    def line(self, version: int) -> tuple[RunTriggered, ...]:
        """The run that made the version, the one that made the version it went on from, and so on to the first."""
        runs = [self.trained_on(version)]
        while (base := runs[-1].base) is not None:
            runs.append(self.trained_on(base))
        return tuple(runs)

    @cached_property
    def judged_runs(self) -> frozenset[str]:
        """The runs whose candidate was judged, whatever came of it."""
        return frozenset(entry.body.run for entry in self.of(CandidateJudged))

    @cached_property
    def newest_judged(self) -> Entry[RunTriggered] | None:
        """Of the runs whose candidate was judged, the one that started last."""
        return next((entry for entry in reversed(self.triggers) if entry.body.run in self.judged_runs), None)

    @cached_property
    def consumed(self) -> Mapping[int, str]:
        """The entries that are used up, each by one judged run.

        Of two runs that took up the same entry, since they were at work at once, it is the one that was judged first.
        """
        judged = dict.fromkeys(entry.body.run for entry in self.of(CandidateJudged))
        used = [(seq, run) for run in judged if run in self._runs for seq in self._runs[run].consumed]
        return dict(reversed(used))

    @cached_property
    def asked(self) -> tuple[int, ...]:
        """The entries that ask for a training run and that no judged run has consumed."""
        return tuple(entry.seq for entry in self.of(RetrainAsked) if entry.seq not in self.consumed)

    @cached_property
    def decayed(self) -> tuple[tuple[Entry[Monitored], Signal], ...]:
        """What speaks for retraining the champion: each signal of harm that no judged run has consumed, after its look.

        It stands until the same monitor says that there is surely no such harm, or a look that something else is to be
        done about it. A look that cannot tell takes nothing back: it may have had next to no chance to see harm.
        """
        found: dict[str, tuple[Entry[Monitored], Signal]] = {}
        for look in (entry for entry in self.of(Monitored) if entry.body.version == self.champion):
            for signal in look.body.signals:
                if signal.harms and look.body.asks_to_retrain:
                    found[signal.monitor] = look, signal
                elif signal.harms or signal.outcome is Outcome.PASSED:
                    found.pop(signal.monitor, None)
        return tuple(one for one in found.values() if one[0].seq not in self.consumed)

    @cached_property
    def settled(self) -> frozenset[tuple[str, str]]:
        """Partition and fingerprint of every delivery that was judged."""
        accepted = {(entry.body.batch.partition, entry.body.fingerprint) for entry in self.of(BatchAccepted)}
        refused = {(entry.body.partition, entry.body.fingerprint) for entry in self.of(BatchQuarantined)}
        again = {(entry.body.partition, entry.body.fingerprint) for entry in self.of(BatchDuplicate)}
        return frozenset(accepted | refused | again)

    def holds(self, partition: str, sha256: str) -> int | None:
        """The entry that accepted these very bytes (as delivered), if they are what the partition holds now.

        Older versions do not count: a source that goes back to earlier bytes corrects its correction. Nor do refused
        bytes: they may have been refused because of a wrong expectation, so each delivery is looked at anew. Bytes that
        retention removed are held no more.
        """
        for entry in reversed(self.accepted(partition)):
            if entry.seq not in self.recalled:
                same = (entry.body.delivered or entry.body.batch.sha256) == sha256
                return entry.seq if same and entry.seq not in self.deleted else None
        return None

    def accepted(self, partition: str) -> tuple[Entry[BatchAccepted], ...]:
        """Every version of one partition that was ever accepted, the first one first; reads no other partition."""
        near = (entry for entry in self.of(BatchAccepted) if entry.mentions(partition))
        return tuple(entry for entry in near if entry.body.batch.partition == partition)

    def recall_of(self, partition: str, sha256: str) -> int | None:
        """The entry that recalled these very bytes of the partition: delivered again, they are refused."""
        accepted = {
            entry.seq for entry in self.accepted(partition) if sha256 in (entry.body.batch.sha256, entry.body.delivered)
        }
        gone = [(entry.seq, entry.body.batches) for entry in self.of(BatchRecalled)]
        gone += [(entry.seq, entry.body.batches) for entry in self.of(RowsErased)]
        return next((seq for seq, batches in gone if accepted.intersection(batches)), None)

    @property
    def triggers(self) -> tuple[Entry[RunTriggered], ...]:
        """Every training run that started."""
        return self.of(RunTriggered)

    def of(self, kind: type[K]) -> tuple[Entry[K], ...]:
        """The entries of one kind, oldest first.

        >>> View(()).of(Promoted)
        ()
        """
        return cast("tuple[Entry[K], ...]", self._by_kind.get(kind, ()))

    def claimed(self, key: str) -> Entry | None:
        """The entry that claimed the key, or None."""
        return self._by_key.get(key)

    def judged(self, seq: int) -> CandidateJudged:
        """The judgement in entry `seq`; `LedgerError` if that entry is none."""
        body = self.entries[seq - 1].body if 0 < seq <= len(self.entries) else None
        if isinstance(body, CandidateJudged):
            return body
        raise LedgerError(f"entry {seq} is {type(body).__name__}, wanted a CandidateJudged; look it up by its key")

    def judgement_of(self, run: str) -> Entry[CandidateJudged] | None:
        """The entry that judged the candidate of a run, or None if nobody has."""
        return next((entry for entry in self.of(CandidateJudged) if entry.body.run == run), None)

    def judgement_against(self, run: str, champion: int | None) -> Entry[CandidateJudged] | None:
        """The newest judgement of a run's candidate against this champion, or None.

        A candidate is judged anew for each champion that it meets before it is promoted.
        """
        found = (entry for entry in reversed(self.of(CandidateJudged)) if entry.body.run == run)
        return next((entry for entry in found if entry.body.champion == champion), None)

    def judgement(self, version: int) -> Entry[CandidateJudged]:
        """What a registered version rests on: the judgement that it was last promoted on, else its newest one."""
        run = self.judged(self._judgements[version]).run
        promoted = [entry.body.judged for entry in self.of(Promoted) if entry.body.version == version]
        mine = [entry for entry in self.of(CandidateJudged) if entry.body.run == run]
        return next((entry for entry in mine if promoted and entry.seq == promoted[-1]), mine[-1])

    def trained_on(self, version: int) -> RunTriggered:
        """The run that made the version: its snapshot's batches, why it started, who asked for it."""
        if version not in self._judgements:
            raise UnknownName("registered version", str(version), map(str, self._judgements))
        run = self.judged(self._judgements[version]).run
        if run in self._runs:
            return self._runs[run]
        raise LedgerError(f"version {version} comes from run {run!r}, of which the ledger has no RunTriggered")

    @cached_property
    def _by_kind(self) -> Mapping[type[object], tuple[Entry, ...]]:
        found: dict[type[object], list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(KINDS[entry.kind], []).append(entry)
        return {kind: tuple(entries) for kind, entries in found.items()}

    @cached_property
    def _judgements(self) -> Mapping[int, int]:
        return {entry.body.version.version: entry.body.judged for entry in self.of(ModelRegistered)}

    @cached_property
    def _runs(self) -> Mapping[str, RunTriggered]:
        return {entry.body.run: entry.body for entry in reversed(self.triggers)}

    @cached_property
    def _by_key(self) -> Mapping[str, Entry]:
        return {entry.key: entry for entry in reversed(self.entries)}


def _partition_and_sha256(text: str) -> tuple[str, str]:
    """How `BytesDeleted` names a batch, taken apart.

    >>> _partition_and_sha256("2013-05 v2 9f86d0")
    ('2013-05', '9f86d0')
    """
    label, _, sha256 = text.rpartition(" ")
    return label.partition(" ")[0], sha256
