"""The model card of a candidate, from ledger and store alone: as it was judged, or made again years later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from everfit.errors import Corrupted, DataError, LedgerError, UnknownName
from everfit.ledger import View
from everfit.ledger.approvals import approval
from everfit.ledger.entries import CandidateJudged
from everfit.ledger.people import in_sentences, version_of
from everfit.ledger.trace import CODE, role_of, started
from everfit.plots.card.content import Batch, Content, Explained
from everfit.plots.card.page import render
from everfit.steps.evaluate import evaluation_of
from everfit.steps.explaining import explanation_of
from everfit.steps.readiness import score
from everfit.steps.spending import bill
from everfit.steps.study import searched
from everfit.values import Evaluation, Judgement

if TYPE_CHECKING:
    from everfit.ledger import Entry
    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.steps.trace import MadeWith


def report_key(model: str, name: str) -> str:
    """Where the store has the card of a judgement by its name: the run, unless its candidate was judged again."""
    return f"reports/{model}/judged-{name}.html"


def name_of(key: str, run: str) -> str:
    """The name of the judgement with that key of a run's candidate, which its evidence and its card have too.

    >>> name_of("judged:against-3/weekly-7", "weekly-7")
    'against-3/weekly-7'
    """
    return key.removeprefix("judged:") if key.endswith(f"/{run}") else run


def card(ports: Ports, spec: ModelSpec, run: str) -> str:
    """The card of a judged run, as HTML that needs nothing else: everything on it is in the ledger and in the store.

    It tells what was known at the moment of the judgement. What is gone from the store since is left out; without the
    evaluation there is no card. Errors: `UnknownName` for a run that was not judged, `Corrupted` if its evaluation was
    deleted or erased. Of a candidate that was judged again it is the card of the newest judgement.
    """
    run = judged_run(ports, spec.name, run)
    newest = [entry for entry in ports.ledger(spec.name).view().of(CandidateJudged) if entry.body.run == run][-1]
    return page(ports, spec, run, _evaluation(ports, spec, name_of(newest.key, run)))


def judged_run(ports: Ports, model: str, run: str | None = None) -> str:
    """A run that was judged: the last one unless another is named.

    Errors: `UnknownName` for a run that was not judged, `DataError` if none was.
    """
    runs = [one.body.run for one in ports.ledger(model).view().of(CandidateJudged)]
    if not runs:
        raise DataError(f"no candidate of {model} was judged yet: everfit run {model} trains and judges one")
    if run is not None and run not in runs:
        raise UnknownName(f"judged run of {model}", run, runs)
    return run or runs[-1]


def page(ports: Ports, spec: ModelSpec, run: str, evaluation: Evaluation) -> str:
    """The card of a run that was judged on this evaluation. Errors: `LedgerError` for one that was not judged."""
    model, view = spec.name, ports.ledger(spec.name).view()
    entry = view.judgement_against(run, evaluation.champion)
    if entry is None:
        raise LedgerError(f"run {run!r} of {model} was not judged, so there is nothing to make a card of")
    then = View(view.entries[: entry.seq])
    asked, told = started(then, run), explanation_of(ports, model, name_of(entry.key, run))
    content = Content(
        judgement=judgement_in(entry.body, entry.seq, evaluation),
        evaluation=evaluation,
        title=spec.title,
        at=entry.at,
        people=in_sentences(view, run),
        answer=_answer(view, run, asked=spec.promotion.approval is not None),
        curves=told.curves if told else (),
        explained=Explained(told.effects, told.rows, SCALES[told.task], told.idle) if told else Explained(idle=GONE),
        parts=told.parts if told else None,
        batches=[_batch(asked.body, place) for place in range(len(asked.body.batches))],
        facts=_facts(asked, entry, told.made_with if told else None),
        bill=bill(ports, model, run, before="judge"),
        found=searched(ports, spec, run),
        score=score(ports, model, then, run),
    )
    return render(content)


SCALES = {
    "binary": "log-odds",
    "multiclass": "log-odds, of all classes together",
    "regression": "the label's own unit",
    "quantile": "the label's own unit (the middle quantile)",
    "ranking": "points of the score that makes the order",
    "survival": "logarithms of time",
}
"""On what scale a model of trees adds up, unless its objective has another."""


def _answer(view: View, run: str, *, asked: bool) -> str:
    """What people say of it by now: `open`, `approved`, `rejected`, `lapsed`, or `open` where they will be asked."""
    version = version_of(view, run)
    found = approval(view, version) if version is not None else None
    return found.answer.value if found else "open" if asked else ""


GONE = "what was computed of it is not in the store (any more)"


def judgement_in(body: CandidateJudged, seq: int, evaluation: Evaluation) -> Judgement:
    """The judgement that entry `seq` records."""
    return Judgement(
        candidate=evaluation.candidate,
        champion=body.champion,
        promote=body.promote,
        reason=body.reason,
        verdicts=body.verdicts,
        evidence=body.evidence,
        sample=body.sample,
        entry=seq,
    )


def _evaluation(ports: Ports, spec: ModelSpec, name: str) -> Evaluation:
    found = evaluation_of(ports, spec.name, name)
    if found is None:
        raise Corrupted(
            f"the evaluation of run {name!r} is not in the store any more, so its card cannot be made again"
        )
    return found


def _batch(run: RunTriggered, place: int) -> Batch:
    batch = run.batches[place]
    return Batch(batch.label, role_of(run, place).value, batch.rows, batch.sha256)


def _facts(asked: Entry[RunTriggered], entry: Entry[CandidateJudged], made: MadeWith | None) -> Mapping[str, str]:
    """How it was made, line by line; only what is known."""
    run, judged = asked.body, entry.body
    code = next((file.sha256 for file in judged.files if file.name == CODE), "")
    found = {
        "started": f"{asked.at:%Y-%m-%d %H:%M} UTC, why: {run.why}, by {run.by}",
        "note": run.note,
        "went on from": f"version {run.base}" if run.base is not None else "",
        "feature code": f"SHA-256 {code[:16]}" if code else "",
        "device": judged.placement.used if judged.placement else run.device,
    }
    if made:
        settings = ", ".join(f"{name} {value}" for name, value in made.params.items() if value not in ("", {}, [], ()))
        found |= {
            "algorithm": f"{made.algorithm}, seed {made.seed}",
            "parameters": settings,
            "git revision": made.revision,
            "libraries": ", ".join(f"{name} {version}" for name, version in made.libraries.items()),
            "environment": f"{made.packages} packages, SHA-256 {made.environment[:16]}" if made.environment else "",
            "machine": made.machine,
        }
    return {name: text for name, text in found.items() if text}
