"""What both plays print: sections, batches, candidates, commands, and where the time went."""

from __future__ import annotations

import os
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from everfit.cli import main as everfit
from everfit.ledger import View
from everfit.ledger.entries import BatchAccepted, BatchQuarantined, CandidateJudged
from everfit.values import Outcome as Said
from tools.demo.strip import drawn
from tools.demo.watch import MODEL, Watch
from tools.local.environment import command_environment
from tools.local.stack import Stack

TONE = {Said.PASSED: "green", Said.FAILED: "red", Said.CANNOT_TELL: "yellow"}
NUMBERS = {"rows", "seconds", "effect", "bar", "of", "answers", "flights", "log loss", "slowest", "median"}


def section(console: Console, title: str, body: object) -> None:
    """A heading, and what belongs to it."""
    console.print(Text(f"\n{title}", style="bold"))
    console.print(Padding(body, (0, 0, 0, 2)))  # type: ignore[arg-type]


def columns(*names: str) -> Table:
    """An empty table with these columns; numbers stand to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, justify="right" if name in NUMBERS else "left")
    return table


def batches(console: Console, view: View) -> None:
    """Each delivery and its verdict."""
    table = columns("batch", "verdict", "rows", "sha256", "why")
    for entry in view.entries:
        match entry.body:
            case BatchAccepted(batch=batch):
                table.add_row(batch.label, Text("accepted", "green"), f"{batch.rows:,}", batch.sha256[:12], "")
            case BatchQuarantined() as refused:
                table.add_row(
                    refused.partition, Text("refused", "red"), "", refused.sha256[:12], Text(refused.reasons[0])
                )
    section(console, "Batches", table)


def gates(console: Console, view: View) -> None:
    """Each candidate and what every gate said of it."""
    for number, entry in enumerate(view.of(CandidateJudged), 1):
        table = columns("gate", "verdict", "effect", "bar", "interval against bar", "rows")
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
        section(console, f"Candidate {number} ({against}): {entry.body.reason}", table)


def commands(console: Console, stack: Stack, typed: Sequence[Sequence[str]]) -> bool:
    """What a person would type next, with what it says; whether all of it worked."""
    os.environ.update(command_environment(stack.paths, stack.ports))
    codes = []
    for arguments in typed:
        console.print(Text(f"\n$ everfit {shlex.join(arguments)}", style="bold"))
        codes.append(everfit(list(arguments), console))
    return not any(codes)


def spent(console: Console, watch: Watch, total: float) -> None:
    """Where the time went, by act and by task."""
    tasks: dict[str, list[float]] = defaultdict(list)
    for task in watch.tasks():
        if task.state == "success" and task.task != "wait_for_batch":
            tasks[f"{task.dag.removeprefix(MODEL + '_')}.{task.task.split('.')[-1]}"].append(task.seconds)
    table = columns("seconds", "where")
    for title, seconds in watch.seconds.items():
        table.add_row(f"{seconds:.1f}", "starting everything" if title == "start" else title)
    for name, times in sorted(tasks.items(), key=lambda pair: -sum(pair[1]))[:8]:
        table.add_row(f"{sum(times):.1f}", Text(f"  task {name}, {len(times)} times", "dim"))
    table.add_row(f"{total:.1f}", Text("in all", "bold"))
    section(console, "Where each second went", table)


def checked(console: Console, claims: Mapping[str, bool]) -> bool:
    """Every claim with whether it is true; whether all are."""
    lines = Text()
    for claim, true in claims.items():
        lines.append("✓ " if true else "✗ ", "green" if true else "bold red").append(claim + "\n")
    section(console, "Checked", lines)
    return all(claims.values())
