"""What happened in the main job, told so that a person can check it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.ledger import View
from everfit.ledger.entries import BatchQuarantined, StageEntered
from tools.demo import page
from tools.demo.acts import FIRST, NEXT, Outcome
from tools.demo.watch import MODEL, Watch
from tools.local.stack import Stack


def tell(console: Console, stack: Stack, outcome: Outcome, watch: Watch, total: float) -> bool:
    """Print the account and whether every claim in it is true."""
    view = outcome.view
    pictures = _collect(stack, view)
    page.batches(console, view)
    page.gates(console, view)
    # how the champion came to people, whether going back would work, where it comes from, what a recall would do
    recall = ["recall", f"flights/{NEXT[0]}", "--reason", "the clocks were wrong", "--dry-run"]
    told = page.commands(console, stack, (["rollout", MODEL], ["rehearse", MODEL], ["lineage", MODEL], recall))
    _prediction(console, outcome)
    page.spent(console, watch, total)
    _where(console, stack, pictures)
    return page.checked(console, _claims(stack, outcome, pictures)) and told


def _prediction(console: Console, outcome: Outcome) -> None:
    row, answer = outcome.request["rows"][0], outcome.answer
    shown = {name: row[name] for name in ("carrier", "origin", "dest", "time_hour", "sched_dep_time") if name in row}
    text = Text(f"POST /predict  {json.dumps(shown)} …\n", style="dim")
    text.append(f"version {answer['version']} ({answer['alias']}) says: ")
    text.append(f"late with probability {answer['predictions'][0]:.3f}", style="bold")
    text.append(f"; {outcome.happened}")
    page.section(console, "One real prediction over HTTP", text)


def _collect(stack: Stack, view: View) -> list[Path]:
    """Copy reports and plots to where a person looks."""
    pictures = stack.paths.state / "pictures"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    for report in sorted((stack.paths.store / "reports").rglob("*.html")):
        shutil.copy(report, pictures / report.name)
    if view.champion is not None:
        run = view.versions[view.champion].mlflow_run
        for plot in sorted((stack.paths.mlflow / "artifacts").glob(f"*/{run}/**/*.png")):
            shutil.copy(plot, pictures / plot.name)
    return sorted(pictures.iterdir())


def _where(console: Console, stack: Stack, pictures: list[Path]) -> None:
    here = stack.paths.project
    table = Table.grid(padding=(0, 2))
    table.add_row("pictures, reports", f"{(stack.paths.state / 'pictures').relative_to(here)}: {len(pictures)} files")
    table.add_row("decisions", f"{(stack.paths.store / 'ledger').relative_to(here)}")
    table.add_row("quarantine", f"{(stack.paths.store / 'quarantine').relative_to(here)}")
    table.add_row("UI", "make up INSTANCE=demo: with all of the above; the DAGs of flight_minutes are paused there")
    page.section(console, "Where to look", table)


def _claims(stack: Stack, outcome: Outcome, pictures: list[Path]) -> dict[str, bool]:
    """Everything that the demo claims, checked once more at the sources."""
    from everfit.registry.mlflow import MlflowRegistry

    view, traffic = outcome.view, outcome.traffic
    registry = MlflowRegistry(f"http://127.0.0.1:{stack.ports.mlflow}", stack.paths.work / "demo")
    return {
        "every good month was accepted": {b.partition for _, b in view.batches} == {*FIRST, *NEXT},
        "the broken month was refused, and kept": len(view.of(BatchQuarantined)) == 1
        and any((stack.paths.store / "quarantine").rglob("flights.parquet")),
        "the challenger came in stages": len(view.of(StageEntered)) == 3,  # noqa: PLR2004 - the shadow, and two steps
        "nobody went without an answer meanwhile": bool(traffic.answers) and not traffic.failures,
        "a champion serves": view.champion is not None,
        "MLflow names the same champion as the ledger": registry.alias(MODEL, "champion") == view.champion,
        "the server answered with the champion": outcome.answer["version"] == view.champion,
        "the answer is a probability": 0 < outcome.answer["predictions"][0] < 1,
        "there are reports and plots": {p.suffix for p in pictures} == {".html", ".png"},
    }
