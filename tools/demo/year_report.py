"""The year in one table, told so that a person can check it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from everfit.ledger import View
from everfit.ledger.entries import (
    BatchAccepted,
    BatchQuarantined,
    CandidateJudged,
    DeploymentFailed,
    Monitored,
    Promoted,
    StageEntered,
)
from tools.demo import page
from tools.demo.watch import MODEL, Watch
from tools.demo.year import BROKEN, FIRST, LATER, Outcome
from tools.land_flights import MONTHS
from tools.local.stack import Stack


def tell(console: Console, stack: Stack, outcome: Outcome, watch: Watch, total: float) -> bool:
    """Print the account and whether every claim in it is true."""
    _year(console, outcome.view)
    told = page.commands(console, stack, (["monitor", MODEL], ["lineage", MODEL]))
    page.spent(console, watch, total)
    return page.checked(console, _claims(stack, outcome)) and told


def _year(console: Console, view: View) -> None:
    """Month by month: what came, what the monitor said, why a run started, what the gates and the rollout said."""
    table = page.columns("month", "what happened", "")
    month = FIRST[-1]
    for entry in view.entries:
        match entry.body:
            case BatchAccepted(batch=batch):
                month = max(month, batch.partition)
                late = ", with the labels that were late" * (batch.version > 1)
                table.add_row(month, Text("accepted", "green"), f"{batch.label}: {batch.rows:,} flights{late}")
            case BatchQuarantined(partition=partition, reasons=reasons):
                table.add_row(month, Text("refused", "red"), f"{partition}: {reasons[0]}")
            case Monitored() as look:
                harmed = [signal.reason for signal in look.harmful]
                tone = "bold red" if harmed else "green"
                table.add_row(month, Text("decayed" if harmed else "healthy", tone), _look(look))
            case CandidateJudged() as judged:
                because = view.triggers[len(_before(view, entry.seq))].body.because
                table.add_row(month, Text("retrained", "cyan"), "; ".join(because))
                said = Text("passed" if judged.promote else "kept back", "green" if judged.promote else "red")
                table.add_row(month, said, judged.reason)
            case Promoted(version=version):
                table.add_row(month, Text("promoted", "bold green"), f"version {version}")
            case DeploymentFailed(version=version, reason=reason):
                table.add_row(month, Text("stopped", "bold red"), f"version {version}: {reason}")
    page.section(console, "The year", table)


def _before(view: View, seq: int) -> list[object]:
    return [entry for entry in view.of(CandidateJudged) if entry.seq < seq]


def _look(look: Monitored) -> str:
    if not look.harmful:
        return f"version {look.version}: {len(look.signals)} monitors found no harm in {look.rows:,} flights"
    first = look.harmful[0]
    return f"version {look.version}: {first.monitor.replace('_', ' ')}: {first.reason}; {look.why}"


def _reports(stack: Stack, view: View) -> Iterator[Path]:
    return (stack.paths.store / entry.body.report for entry in view.of(Monitored))


def _claims(stack: Stack, outcome: Outcome) -> dict[str, bool]:
    """Everything that the play claims, checked at the sources: ledger, store, MLflow, callers."""
    from everfit.registry.mlflow import MlflowRegistry

    view = outcome.view
    registry = MlflowRegistry(f"http://127.0.0.1:{stack.ports.mlflow}", stack.paths.work / "demo")
    judged, staged = view.of(CandidateJudged), {entry.body.version for entry in view.of(StageEntered)}
    later = [entry.body.version for entry in view.of(Promoted)][1:]
    looked = {f"{entry.body.until:%Y-%m}" for entry in view.of(Monitored)}
    used = [seq for entry in view.triggers for seq in entry.body.consumed]
    return {
        "all twelve months were accepted, and again once their labels were there": all(
            len(view.accepted(month)) >= (2 if month != MONTHS[-1] else 1) for month in (*LATER, FIRST[-1])
        ),
        "the broken ones were refused": {e.body.partition for e in view.of(BatchQuarantined)} == set(BROKEN),
        "somebody looked at every month, and left a report": len(looked) >= len(LATER) - len(later)
        and all(path.is_file() for path in _reports(stack, view)),
        "each training run says why it started": all(entry.body.because for entry in view.triggers),
        "decay was a reason": any("monitor" not in b and ":" in b for e in view.triggers for b in e.body.because),
        "no event was used twice": len(used) == len(set(used)),
        "worse candidates were kept back": any(not entry.body.promote for entry in judged),
        "better ones came through a canary": bool(later) and set(later) <= staged,
        "nobody went without an answer": all(some.answers and not some.failures for some in outcome.traffic),
        "MLflow names the same champion as the ledger": registry.alias(MODEL, "champion") == view.champion,
    }
