"""What happened, told so that a person can check it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from everfit.cli import main as everfit
from everfit.ledger import View
from everfit.ledger.entries import BatchAccepted, BatchQuarantined, CandidateJudged, StageEntered
from everfit.values import Outcome as Said
from tools.demo.acts import FIRST, MODEL, NEXT, Outcome
from tools.demo.strip import drawn
from tools.demo.watch import Watch
from tools.local.environment import command_environment
from tools.local.stack import Stack

TONE = {Said.PASSED: "green", Said.FAILED: "red", Said.CANNOT_TELL: "yellow"}


def tell(console: Console, stack: Stack, outcome: Outcome, watch: Watch, total: float) -> bool:
    """Print the account and whether every claim in it is true."""
    view = outcome.view
    pictures = _collect(stack, view)
    _batches(console, view)
    _gates(console, view)
    told = _commands(console, stack)
    _prediction(console, outcome)
    _time(console, watch, total)
    _where(console, stack, pictures)
    return _claims(console, stack, outcome, pictures) and told


def _section(console: Console, title: str, body: object) -> None:
    console.print(Text(f"\n{title}", style="bold"))
    console.print(Padding(body, (0, 0, 0, 2)))  # type: ignore[arg-type]


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in {"rows", "seconds", "effect", "bar"} else "left")
    return table


def _batches(console: Console, view: View) -> None:
    table = _table("batch", "verdict", "rows", "sha256", "why")
    for entry in view.entries:
        match entry.body:
            case BatchAccepted(batch=batch):
                table.add_row(batch.label, Text("accepted", "green"), f"{batch.rows:,}", batch.sha256[:12], "")
            case BatchQuarantined() as refused:
                table.add_row(
                    refused.partition, Text("refused", "red"), "", refused.sha256[:12], Text(refused.reasons[0])
                )
    _section(console, "Batches", table)


def _gates(console: Console, view: View) -> None:
    for number, entry in enumerate(view.of(CandidateJudged), 1):
        table = _table("gate", "verdict", "effect", "bar", "interval against bar", "rows")
        for verdict in entry.body.verdicts:
            table.add_row(
                verdict.gate,
                Text(verdict.outcome.value, TONE[verdict.outcome]),
                "" if verdict.effect is None else f"{verdict.effect:.4f}",
                "" if verdict.bar is None else f"{verdict.bar:.3g}",
                drawn(verdict, TONE[verdict.outcome]),
                f"{verdict.n:,}" if verdict.n else "",
            )
        against = f"against champion {entry.body.champion}" if entry.body.champion else "no champion yet"
        _section(console, f"Candidate {number} ({against}): {entry.body.reason}", table)


def _commands(console: Console, stack: Stack) -> bool:
    """What a person would type next: how the champion came to people, whether going back would work, where it comes
    from, and what a recall would do."""
    os.environ.update(command_environment(stack.paths, stack.ports))
    recall = ["recall", f"flights/{NEXT[0]}", "--reason", "the clocks were wrong", "--dry-run"]
    codes = []
    for arguments in (["rollout", MODEL], ["rehearse", MODEL], ["lineage", MODEL], recall):
        console.print(Text(f"\n$ everfit {shlex.join(arguments)}", style="bold"))
        codes.append(everfit(arguments, console))
    return not any(codes)


def _prediction(console: Console, outcome: Outcome) -> None:
    row, answer = outcome.request["rows"][0], outcome.answer
    shown = {name: row[name] for name in ("carrier", "origin", "dest", "time_hour", "sched_dep_time") if name in row}
    text = Text(f"POST /predict  {json.dumps(shown)} …\n", style="dim")
    text.append(f"version {answer['version']} ({answer['alias']}) says: ")
    text.append(f"late with probability {answer['predictions'][0]:.3f}", style="bold")
    text.append(f"; {outcome.happened}")
    _section(console, "One real prediction over HTTP", text)


def _time(console: Console, watch: Watch, total: float) -> None:
    spent: dict[str, list[float]] = defaultdict(list)
    for task in watch.tasks():
        if task.state == "success" and task.task != "wait_for_batch":
            spent[f"{task.dag.removeprefix(MODEL + '_')}.{task.task.split('.')[-1]}"].append(task.seconds)
    table = _table("seconds", "where")
    for title, seconds in watch.seconds.items():
        table.add_row(f"{seconds:.1f}", "starting everything" if title == "start" else title)
    for name, times in sorted(spent.items(), key=lambda pair: -sum(pair[1]))[:8]:
        table.add_row(f"{sum(times):.1f}", Text(f"  task {name}, {len(times)} times", "dim"))
    table.add_row(f"{total:.1f}", Text("in all", "bold"))
    _section(console, "Where each second went", table)


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
    _section(console, "Where to look", table)


def _claims(console: Console, stack: Stack, outcome: Outcome, pictures: list[Path]) -> bool:
    """Everything that the demo claims, checked once more at the sources."""
    from everfit.registry.mlflow import MlflowRegistry

    view = outcome.view
    registry = MlflowRegistry(f"http://127.0.0.1:{stack.ports.mlflow}", stack.paths.work / "demo")
    claims = {
        "every good month was accepted": {b.partition for _, b in view.batches} == {*FIRST, *NEXT},
        "the broken month was refused, and kept": len(view.of(BatchQuarantined)) == 1
        and any((stack.paths.store / "quarantine").rglob("flights.parquet")),
        "the challenger came in stages": len(view.of(StageEntered)) == 3,  # noqa: PLR2004 - the shadow, and two steps
        "nobody went without an answer meanwhile": outcome.traffic.asked > 0 and not outcome.traffic.failed,
        "a champion serves": view.champion is not None,
        "MLflow names the same champion as the ledger": registry.alias(MODEL, "champion") == view.champion,
        "the server answered with the champion": outcome.answer["version"] == view.champion,
        "the answer is a probability": 0 < outcome.answer["predictions"][0] < 1,
        "there are reports and plots": {p.suffix for p in pictures} == {".html", ".png"},
    }
    lines = Text()
    for claim, true in claims.items():
        lines.append("✓ " if true else "✗ ", "green" if true else "bold red").append(claim + "\n")
    _section(console, "Checked", lines)
    return all(claims.values())
