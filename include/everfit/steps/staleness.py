"""How stale the champion is, and what earlier retrains showed and cost: read from the ledger alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.ledger.entries import BatchAccepted, CandidateJudged, RunTriggered
from everfit.statistics.renewal import Renewal
from everfit.steps.priority import against_champion
from everfit.triggers import Staleness
from everfit.values import Batch, Snapshot

if TYPE_CHECKING:
    from everfit.ledger import View

LATELY = 12
"""So many of the newest judgements are evidence; older ones have faded to a hundredth."""


def staleness(view: View) -> Staleness | None:
    """What a model's ledger says of its champion's age, of the gains of earlier runs and of their costs.

    None while there is no champion. Batches are counted by their partitions, not by when they came: a backfill of last
    year ages nobody. A corrected batch is not a new one, and one that was recalled or deleted was still answered.
    """
    if view.champion is None:
        return None
    run = view.trained_on(view.champion)
    known = Arrived.of(view)
    judged = [entry for entry in view.of(CandidateJudged)[-LATELY:] if entry.body.run in known.runs]
    since = known.after(run)
    answered = max((newest(known.runs[entry.body.run]) for entry in judged), default="")
    return Staleness(
        champion=view.champion,
        rows=learnt(run),
        since=tuple(batch.rows for batch in since),
        paid=sum(batch.partition <= answered for batch in since),
        tried=max((len(known.new_to(view, entry.body)) for entry in judged), default=0),
        shown=tuple(found for entry in judged if (found := shown(view, known, entry.body)) is not None),
        took=tuple(entry.body.took for entry in judged if entry.body.took is not None),
    )


@dataclass(frozen=True)
class Arrived:
    """Every partition that ever arrived, as it did first, in order, and every training run by its name."""

    batches: tuple[Batch, ...]
    runs: Mapping[str, RunTriggered]

    @classmethod
    def of(cls, view: View) -> Arrived:
        """By the ledger."""
        first = {entry.body.batch.partition: entry.body.batch for entry in reversed(view.of(BatchAccepted))}
        runs = {entry.body.run: entry.body for entry in view.triggers}
        return cls(tuple(first[partition] for partition in sorted(first)), runs)

    def after(self, run: RunTriggered) -> tuple[Batch, ...]:
        """The batches that are newer than all of a run."""
        return tuple(batch for batch in self.batches if batch.partition > newest(run))

    def new_to(self, view: View, judged: CandidateJudged) -> tuple[Batch, ...]:
        """The batches that a candidate could know and that are newer than all of the champion it was judged against.

        Also those that have left its window: the champion is older by them.
        """
        if judged.champion is None:
            return ()
        upto = newest(self.runs[judged.run])
        return tuple(batch for batch in self.after(view.trained_on(judged.champion)) if batch.partition <= upto)


def shown(view: View, known: Arrived, judged: CandidateJudged) -> Renewal | None:
    """What a candidate gained over the champion that it was judged against, None if nothing follows from that.

    This is where points of the staleness curve come from. Losses that were measured between two runs are more of them:
    a champion of some age, its loss then less that when it was judged, and the error of the difference.
    """
    champion, said = judged.champion, against_champion(judged)
    if champion is None or said is None or said.effect is None or said.low is None or said.high is None:
        return None
    rows = learnt(view.trained_on(champion)), learnt(known.runs[judged.run])
    return Renewal.of(len(known.new_to(view, judged)), rows, said.effect, (said.low, said.high), said.level)


def learnt(run: RunTriggered) -> int:
    """How many rows a run learnt from."""
    return sum(batch.rows for batch in Snapshot("", run.batches, run.holdout, run.gap).training)


def newest(run: RunTriggered) -> str:
    """The newest partition of a run."""
    return run.batches[-1].partition if run.batches else ""
