"""The incident `no_fresh_champion`: a missed deadline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from everfit.alerts.incident import Incident, Severity, ended, lasting, moment
from everfit.ledger.entries import BatchAccepted, CandidateJudged, Promoted
from everfit.refuse import duration, one_of

if TYPE_CHECKING:
    from everfit.ledger import Entry, View

CAN_END_IT = ("promoted", "judged")


@dataclass(frozen=True)
class NoFreshChampion:
    """The deadline for a fresh champion has passed: the time `within` which one has to follow on the other.

    What counts `since` is that a version was `promoted`; or that a candidate was `judged`, so that a champion which
    goes on beating new candidates is fresh. Before the first one the time runs from the model's first decision.
    """

    within: str
    since: Literal["promoted", "judged"] = "promoted"

    def __post_init__(self) -> None:
        duration("within", self.within)
        one_of("since", self.since, CAN_END_IT)

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:
        """One, once the deadline has passed."""
        last = self._last(view) or next(iter(view.entries), None)
        if last is None or now <= last.at + duration("within", self.within):
            return
        deadline = last.at + duration("within", self.within)
        serves = f"Version {view.champion} serves." if view.champion else "There has never been one."
        found, do = _stands_in_the_way(view)
        yield Incident(
            kind="no_fresh_champion",
            subject="",
            severity=Severity.CRITICAL,
            since=deadline,
            title=f"no fresh champion for {lasting(now - last.at)}",
            what=f"One was wanted within {self.within}, by {moment(deadline)}. {serves} {found}",
            do=do,
            entries=(last.seq,),
        )

    def _last(self, view: View) -> Entry | None:
        """What was fresh last; a version that was gone back to is as old as it was."""
        found: list[Entry] = [entry for entry in view.of(Promoted) if entry.body.version == view.champion]
        if self.since == "judged":
            found += view.of(CandidateJudged)
        return max(found, key=lambda entry: entry.seq, default=None)


def _stands_in_the_way(view: View) -> tuple[str, str]:
    """How far it came on the way to a new champion, and what to do about that."""
    data, run, judged = view.of(BatchAccepted)[-1:], view.triggers[-1:], view.of(CandidateJudged)[-1:]
    if not data:
        return "No batch has been accepted yet.", "Look at the landing place, at what is in quarantine and at the DAG."
    newest = f"The newest batch, {data[0].body.batch.label}, was accepted on {moment(data[0].at)}"
    if not run or run[0].seq < data[0].seq:
        return f"{newest}; no training run has started since.", (
            "See what the last run of the training DAG says it waits for, or start one."
        )
    if run[0].body.run not in view.judged_runs:
        began = moment(run[0].at)
        return f"{newest}; the run that began on {began} has judged no candidate.", "Read the log of that run."
    if not judged[-1].body.promote:
        return ended(f"{newest}; the last candidate was kept back: {judged[-1].body.reason}"), (
            "Read the candidate's card. Wait for more data, change the model, or override the gates with a reason."
        )
    if view.champion and view.trained_on(view.champion).run == run[0].body.run:
        return f"{newest}, and the champion knows it.", "Ask the source why nothing has arrived since."
    return f"{newest}; the last candidate passed its gates and does not serve yet.", (
        "Look at the deployment: it may wait for approval, or for the end of a stage."
    )
