"""What ran for one candidate and its model, as far as ledger and store tell: all that the rubric is computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.cost import Bill
from everfit.errors import LedgerError
from everfit.ledger import View
from everfit.ledger.entries import BatchAccepted, CandidateJudged, RunTriggered
from everfit.ledger.trace import started
from everfit.statistics.metrics import LARGER_IS_BETTER
from everfit.steps.checked import Checked, checked_of
from everfit.steps.choose import chosen
from everfit.steps.evaluate import evaluation_of
from everfit.steps.explaining import Explanation, explanation_of
from everfit.steps.spending import bill
from everfit.values import Batch, Evaluation, Verdict

if TYPE_CHECKING:
    from everfit.ledger import Entry
    from everfit.ports import Ports
    from everfit.rubric import Proof

MAIN = ("log_loss", "mae", "pinball", "ndcg", "aft_nloglik")
"""The metrics by which models are compared over time: each task has one of them."""


def main_metric(metrics: Mapping[str, float]) -> str:
    """The one of these metrics by which models of the task are compared, "" if there is none.

    >>> main_metric({"auc": 0.7, "log_loss": 0.5})
    'log_loss'
    """
    return next((name for name in MAIN if name in metrics), "")


def better(name: str, one: float, other: float) -> bool:
    """Whether one value of a metric is better than the other."""
    return one > other if name in LARGER_IS_BETTER else one < other


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of the candidate that `judged` judged, at a moment when the ledger said `view`.

    `checks` has what ran on each batch of its run (None: not known), by the entry that accepted it; `evaluations` those
    of all judged runs that the store still has, `searches` the runs whose parameters were searched for, and
    `reproduced` the versions that were made again, byte for byte.
    """

    model: str
    view: View
    judged: Entry[CandidateJudged]
    run: Entry[RunTriggered]
    checks: Mapping[int, Checked | None]
    explanation: Explanation | None
    evaluations: Mapping[str, Evaluation]
    searches: frozenset[str]
    bill: Bill
    bill_before: Bill | None
    reproduced: frozenset[int]

    @property
    def evaluation(self) -> Evaluation | None:
        """That of the candidate."""
        return self.evaluations.get(self.judged.body.run)

    def verdicts(self, *gates: str) -> list[Verdict]:
        """The candidate's verdicts of these gates."""
        return [verdict for verdict in self.judged.body.verdicts if verdict.gate in gates]


Rule = Callable[[Facts], "Proof"]
"""One test of the rubric: what it finds in the facts."""


def gather(ports: Ports, model: str, view: View, run: str) -> Facts:
    """The facts about a run's candidate, as `view` knows it. Errors: `LedgerError` for a run that is not judged."""
    judged = view.judgement_of(run)
    if judged is None:
        raise LedgerError(f"run {run!r} of {model} was not judged, so there is nothing to score")
    earlier = [one for one in view.of(CandidateJudged) if one.seq < judged.seq]
    runs = [one.body.run for one in (*earlier, judged)]
    asked = started(view, run)
    return Facts(
        model=model,
        view=view,
        judged=judged,
        run=asked,
        checks=_checks(ports, model, view, asked),
        explanation=explanation_of(ports, model, run),
        evaluations={one: found for one in runs if (found := evaluation_of(ports, model, one))},
        searches=frozenset(one for one in runs if chosen(ports, model, one)),
        bill=bill(ports, model, run, before="judge"),
        bill_before=bill(ports, model, runs[-2], before="judge") if earlier else None,
        reproduced=_reproduced(ports, model),
    )


def accepted_in(view: View, batch: Batch, before: int) -> Entry[BatchAccepted] | None:
    """The entry that accepted a batch that a later entry uses."""
    found = [one for one in view.accepted(batch.partition) if one.seq < before and one.body.batch == batch]
    return found[-1] if found else None


def at(entry: Entry) -> str:
    """An entry, for people: `entry 42, 2013-07-01`."""
    return f"entry {entry.seq}, {entry.at:%Y-%m-%d}"


def _checks(ports: Ports, model: str, view: View, run: Entry[RunTriggered]) -> dict[int, Checked | None]:
    entries = [accepted_in(view, batch, run.seq) for batch in run.body.batches]
    return {
        one.seq: checked_of(ports, model, f"{one.body.batch.partition}-{one.body.fingerprint}")
        for one in entries
        if one is not None
    }


def _reproduced(ports: Ports, model: str) -> frozenset[int]:
    keys = ports.store.list(f"reproduced/{model}")
    return frozenset(int(key.rpartition("/")[2].removesuffix(".json")) for key in keys)
