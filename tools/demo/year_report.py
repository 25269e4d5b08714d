"""The year in one table, told so that a person can check it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from everfit.ledger import Entry, View
from everfit.ledger.entries import (
    BatchAccepted,
    BatchQuarantined,
    CandidateJudged,
    DeploymentFailed,
    Monitored,
    Promoted,
    RunTriggered,
    StageEntered,
)
from everfit.values import Outcome as Said
from tools.demo import page
from tools.demo.watch import MODEL, Watch
from tools.demo.year import BROKEN, CLOSED, FIRST, LATER, Outcome
from tools.land_flights import MONTHS
from tools.local.stack import Stack


def tell(console: Console, stack: Stack, outcome: Outcome, watch: Watch, total: float) -> bool:
    """Print the account and whether every claim in it is true."""
    console.export_text()  # a picture of ten minutes of decisions would be no picture: it begins here
    _year(console, outcome.view)
    told = page.commands(console, stack, (["monitor", MODEL], ["lineage", MODEL]))
    page.spent(console, watch, total)
    return page.checked(console, _claims(stack, outcome)) and told


def _year(console: Console, view: View) -> None:
    """Month by month: what came, what the monitor said, why a run started, what the gates and the rollout said."""
    table = page.columns("month", "", "what happened")
    shown, newest = "", FIRST[-1]
    for entry in view.entries:
        if isinstance(entry.body, BatchAccepted):
            newest = max(newest, entry.body.batch.partition)
        for word, tone, said in _lines(view, entry):
            table.add_row("" if newest == shown else newest, Text(word, tone), said)
            shown = newest
    page.section(console, "The year", table)


def _lines(view: View, entry: Entry) -> Iterator[tuple[str, str, str]]:
    match entry.body:
        case BatchAccepted(batch=batch):
            late = ", with the labels that were late" * (batch.version > 1)
            yield "accepted", "green", f"{batch.label}: {batch.rows:,} flights{late}"
        case BatchQuarantined(partition=partition, reasons=reasons):
            yield "refused", "red", f"{partition}: {reasons[0]}"
        case Monitored() as look if look.harmful:
            first = look.harmful[0]
            yield "harmed", "bold red", f"{first.monitor.replace('_', ' ')}: {first.reason}"
            yield look.action.replace("_", " "), "bold", look.why
        case Monitored() as look:
            yield "no harm", "green", f"{len(look.signals)} monitors, {look.rows:,} flights, version {look.version}"
        case RunTriggered(because=because):
            yield "training", "cyan", "; ".join(because)
        case CandidateJudged(promote=True) as judged:
            yield "passed", "green", f"all {len(judged.verdicts)} gates"
        case CandidateJudged() as judged:
            open_ = [f"{one.gate} {one.outcome}" for one in judged.verdicts if one.outcome is not Said.PASSED]
            yield "kept back", "yellow", ", ".join(open_)
        case Promoted(version=version):
            stages = len([one for one in view.of(StageEntered) if one.body.version == version])
            yield "promoted", "bold green", f"version {version}{f' after {stages} stages' * bool(stages)}"
        case DeploymentFailed(version=version, reason=reason):
            yield "stopped", "bold red", f"version {version}: {reason}"


def _reports(stack: Stack, view: View) -> Iterator[Path]:
    return (stack.paths.store / entry.body.report for entry in view.of(Monitored))


def _learnt(view: View) -> set[str]:
    """The months that the champion learnt from."""
    if view.champion is None:
        return set()
    run = view.trained_on(view.champion)
    return {batch.partition for batch in run.batches[: -run.holdout]}


def _claims(stack: Stack, outcome: Outcome) -> dict[str, bool]:
    """Everything that the play claims, checked at the sources: ledger, store, MLflow, callers."""
    from everfit.registry.mlflow import MlflowRegistry

    view = outcome.view
    registry = MlflowRegistry(f"http://127.0.0.1:{stack.ports.mlflow}", stack.paths.work / "demo")
    judged, staged = view.of(CandidateJudged), {entry.body.version for entry in view.of(StageEntered)}
    later = [entry.body.version for entry in view.of(Promoted)][1:]
    looked = {f"{entry.body.until:%Y-%m}" for entry in view.of(Monitored)}
    looks = {entry.seq for entry in view.of(Monitored)}
    used = [seq for entry in view.triggers for seq in entry.body.consumed]
    return {
        "all twelve months were accepted, and again once their labels were there": all(
            len(view.accepted(month)) >= (2 if month != MONTHS[-1] else 1) for month in (*LATER, FIRST[-1])
        ),
        "the broken ones were refused": {e.body.partition for e in view.of(BatchQuarantined)} == set(BROKEN),
        "somebody looked at every month, and left a report": len(looked) >= len(LATER) - len(later)
        and all(path.is_file() for path in _reports(stack, view)),
        "each training run says why it started": all(entry.body.because for entry in view.triggers),
        "decay was a reason": any(looks & {*entry.body.consumed} for entry in view.triggers),
        "the champion at the end has learnt what changed in October": CLOSED in _learnt(view),
        "no event was used twice": len(used) == len(set(used)),
        "worse candidates were kept back": any(not entry.body.promote for entry in judged),
        "better ones came through a canary": bool(later) and set(later) <= staged,
        "nobody went without an answer": all(some.answers and not some.failures for some in outcome.traffic),
        "MLflow names the same champion as the ledger": registry.alias(MODEL, "champion") == view.champion,
    }
