"""Lets a candidate be promoted that the gates kept back: by a person, for a reason, and marked for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.errors import LedgerError, StaleHead, UnknownName
from everfit.ledger.entries import CandidateJudged, GatesOverridden
from everfit.steps.card import name_of
from everfit.steps.judge import judged_before, publish_again
from everfit.steps.register import register

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import ModelVersion


def override(ports: Ports, spec: ModelSpec, run: str, reason: str, by: str) -> tuple[Entry, ModelVersion]:
    """Decide against the gates and register the candidate; returns the decision and the version, now the challenger.

    The gates' verdicts stay as they are. People are still asked where the spec wants that, and the version must answer
    on its target like any other. Once for a judgement: the first reason is the one that is kept. Errors: `UnknownName`
    for a run that was not judged, `LedgerError` for one that passed or without a reason, `StaleHead` if there is
    another champion by now.
    """
    ledger = ports.ledger(spec.name)

    def against(view: View) -> GatesOverridden:
        entry = _judged(view, spec.name, run)
        if view.champion != entry.body.champion:
            raise StaleHead(
                f"run {run} was judged against champion {entry.body.champion or 'none'}, and the champion is "
                f"{view.champion or 'none'} now: train and judge again"
            )
        return GatesOverridden(run, entry.seq, reason.strip(), by)

    if not reason.strip():
        raise LedgerError(f"overriding the gates of run {run} needs a reason: it is kept for good")
    name = name_of(_judged(ledger.view(), spec.name, run).key, run)
    decision = ledger.decide(f"overridden:{name}", against)
    version = register(ports, spec, judged_before(ports, spec, run))
    publish_again(ports, spec, run)
    return decision, version


def _judged(view: View, model: str, run: str) -> Entry[CandidateJudged]:
    found = {entry.body.run: entry for entry in view.of(CandidateJudged)}
    if run not in found:
        raise UnknownName(f"judged run of {model}", run, found)
    return found[run]
