"""Puts the evidence before every gate and records what follows."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from everfit import catalog
from everfit.errors import LedgerError, StaleHead
from everfit.gates import Evidence
from everfit.ledger.entries import CandidateJudged
from everfit.ledger.people import tags, version_of
from everfit.steps.card import judgement_in, name_of, page, report_key
from everfit.steps.evaluate import beside, evaluation_of
from everfit.steps.policy import follows
from everfit.steps.spending import bill
from everfit.steps.standing import standing_of
from everfit.steps.tracking import run_of
from everfit.values import Evaluation, Judgement, StoredFile, Took, Verdict, canonical, dump

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


def judge(ports: Ports, spec: ModelSpec, evaluation: Evaluation, name: str = "") -> Judgement:
    """Ask every gate of the spec, and record the judgement: promote only if all of them passed.

    Exactly once for a run, or for the `name` of an evaluation that was made again (`evaluate.again`): asked again it
    returns what the ledger says, whatever the spec says by then. The verdicts go to the MLflow run and to the model
    card (`report_key`). Errors: `StaleHead` if there is another champion than
    the one that was evaluated, or another candidate was judged meanwhile, `Corrupted` if the evidence is not what was
    written, `LedgerError` if the run was judged with another model.
    """
    name = name or evaluation.candidate.run
    ledger, key = ports.ledger(spec.name), f"judged:{name}"
    entry = ledger.view().claimed(key)
    if entry is None:
        verdicts = speak(ports, spec.gates, evaluation.evidence)
        took = _took(ports, spec.name, evaluation.candidate.run)
        entry = ledger.decide(key, lambda view: _decision(view, spec, evaluation, verdicts, took))
    judgement = _read(entry, evaluation)
    _publish(ports, spec, judgement, evaluation, name)
    return judgement


def judged_before(ports: Ports, spec: ModelSpec, run: str) -> Judgement:
    """The judgement that the ledger has of a run; `LedgerError` if there is none."""
    entry, evaluation = ports.ledger(spec.name).view().claimed(f"judged:{run}"), evaluation_of(ports, spec.name, run)
    if entry is None or evaluation is None:
        raise LedgerError(
            f"run {run} of {spec.name} was never judged, or its evaluation is gone: train and judge again"
        )
    return _read(entry, evaluation)


def publish_again(ports: Ports, spec: ModelSpec, run: str) -> None:
    """Bring the page of a judgement, and the version in MLflow, up to what people have decided since."""
    view = ports.ledger(spec.name).view()
    version = version_of(view, run)
    if version is not None:
        ports.registry.tag(spec.name, version, tags(view, run))
    for entry in (entry for entry in view.of(CandidateJudged) if entry.body.run == run):
        name = name_of(entry.key, run)
        evaluation = evaluation_of(ports, spec.name, name)
        if evaluation is not None:
            _publish(ports, spec, _read(entry, evaluation), evaluation, name)


def speak(ports: Ports, gates: Sequence[Any], evidence: StoredFile) -> tuple[Verdict, ...]:
    """What the gates say of stored evidence, and of nothing else: the same today and in years."""
    import pandas as pd

    found = Evidence.from_frame(pd.read_parquet(ports.store.local_file(evidence)))
    return tuple(gate.judge(found.of(label)) for label, gate in zip(catalog.labels(gates), gates, strict=True))


def _took(ports: Ports, model: str, run: str) -> Took | None:
    spent = bill(ports, model, run, before="judge")
    return Took(spent.seconds, spent.total, spent.currency) if spent.steps else None


def _decision(
    view: View, spec: ModelSpec, evaluation: Evaluation, verdicts: tuple[Verdict, ...], took: Took | None
) -> CandidateJudged:
    if view.champion != evaluation.champion:
        raise StaleHead(
            f"run {evaluation.candidate.run} was evaluated against {_named(evaluation.champion)}, but the champion is "
            f"now {_named(view.champion)}: evaluate it again"
        )
    candidate, now = evaluation.candidate, standing_of(view, spec, evaluation.candidate)
    if (now.level, now.uses) != (evaluation.level, evaluation.uses):
        raise StaleHead(
            f"run {candidate.run} was evaluated for a decision at {_percent(evaluation.level)}, on a holdout that had "
            f"judged {evaluation.uses} candidates; by now it is {_percent(now.level)} and {now.uses}, since somebody "
            "was judged meanwhile: evaluate it again"
        )
    promote, reason = follows(spec.promotion, verdicts, evaluation.champion)
    return CandidateJudged(
        run=candidate.run,
        mlflow_run=candidate.mlflow_run,
        snapshot=candidate.snapshot,
        files=candidate.files,
        champion=evaluation.champion,
        promote=promote,
        reason=reason,
        verdicts=verdicts,
        evidence=evaluation.evidence,
        sample=evaluation.sample,
        placement=candidate.placement,
        gates=tuple(canonical(gate).decode() for gate in spec.model_dump(mode="json")["gates"]),
        took=took,
    )


def _read(entry: Entry, evaluation: Evaluation) -> Judgement:
    body, candidate = entry.body, evaluation.candidate
    if not isinstance(body, CandidateJudged) or body.files != candidate.files:
        raise LedgerError(
            f"entry {entry.seq} has judged the run {candidate.run} already, with another model than this one: "
            "a run is judged once, so train again under a new run"
        )
    return judgement_in(body, entry.seq, evaluation)


def _publish(ports: Ports, spec: ModelSpec, judgement: Judgement, evaluation: Evaluation, name: str) -> None:
    made = page(ports, spec, judgement.candidate.run, evaluation).encode()
    ports.store.write(report_key(spec.name, name), made)
    with tempfile.TemporaryDirectory() as folder, run_of(ports, judgement.candidate) as run:
        Path(folder, "card.html").write_bytes(made)
        Path(folder, "verdicts.json").write_bytes(canonical([dump(verdict) for verdict in judgement.verdicts]))
        run.artifact(Path(folder), f"{beside(name, judgement.candidate.run)}judgement")
        run.metrics({"promote": float(judgement.promote)} | _numbers(judgement.verdicts))
        run.tags({"everfit.promote": str(judgement.promote).lower(), "everfit.reason": judgement.reason})


def _numbers(verdicts: tuple[Verdict, ...]) -> dict[str, float]:
    """The intervals as metrics: `gate_above_bar_low`, and `gate_above_bar_2_low` for the second gate of that name."""
    seen: Counter[str] = Counter()
    found: dict[str, float] = {}
    for verdict in verdicts:
        seen[verdict.gate] += 1
        name = f"gate_{verdict.gate}" + (f"_{seen[verdict.gate]}" if seen[verdict.gate] > 1 else "")
        values = {"effect": verdict.effect, "low": verdict.low, "high": verdict.high, "bar": verdict.bar}
        found |= {f"{name}_{what}": value for what, value in values.items() if value is not None}
    return found


def _percent(level: float) -> str:
    return f"{100 * (1 - level):.2g} %"


def _named(version: int | None) -> str:
    return "no champion" if version is None else f"version {version}"
