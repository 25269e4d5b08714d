"""Show the ML Test Score of a model: 28 tests of readiness for production, computed from what really ran.

The rubric is that of Breck et al. (2017): a test that runs by itself gives a point, one that a person did half a point,
and the least of the four sections counts.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import opened
from everfit.rubric import SECTIONS
from everfit.spec import load_spec
from everfit.values import dump

if TYPE_CHECKING:
    from everfit.rubric import Proof, Score, Section

MARKS = {1.0: ("●", "green"), 0.5: ("◐", "yellow"), 0.0: ("○", "dim")}
WIDTH = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and a run of it."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("run", nargs="?", metavar="RUN", help="the run whose candidate counts; the last one judged")
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")


def run(args: argparse.Namespace, console: Console) -> int:
    """Compute it as of now, and print section by section."""
    from everfit.steps.card import judged_run
    from everfit.steps.readiness import score

    ports, spec = opened(), load_spec(args.name)
    found = judged_run(ports, spec.name, args.run)
    made = score(ports, spec.name, ports.ledger(spec.name).view(), found)
    if args.json:
        print(json.dumps({"model": spec.name, "run": found, "points": made.points, **dump(made)}))
    else:
        console.print(told(made, spec.name, found))
    return 0


def told(score: Score, name: str, run: str) -> Group:
    """The score: its points, a bar for each section, then every test with what it rests on."""
    head = Text.assemble((f"{name}  ", "bold"), (f"ML Test Score {score.points:g}", "bold cyan"), f"  run {run}")
    return Group(head, Text(score.meaning, "dim"), _bars(score), *(_section(section) for section in score.sections))


def _bars(score: Score) -> Table:
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for section in score.sections:
        lowest = section.points == score.points
        full = round(WIDTH * section.points / len(SECTIONS[section.name]))
        bar = Text.assemble(("█" * full, "yellow" if lowest else "green"), ("░" * (WIDTH - full), "dim"))
        grid.add_row(section.name, bar, f"{section.points:g} of 7", Text("the least counts" if lowest else "", "dim"))
    return grid


def _section(section: Section) -> Panel:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for words, proof in section.tests:
        table.add_row(*_line(words, proof))
    title = Text.assemble((section.name, "bold"), f" {section.points:g}")
    return Panel(table, title=title, title_align="left", border_style="dim")


def _line(words: str, proof: Proof) -> tuple[Text, Group]:
    mark, style = MARKS[proof.points]
    return Text(mark, style), Group(Text(words, "" if proof.points else "dim"), Text(proof.evidence, "dim"))
