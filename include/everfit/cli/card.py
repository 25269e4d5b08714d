"""Write the model card of a judged run: one HTML file that needs no network.

It is made again from ledger and store alone, also years later: the decision in words, each gate with its interval
against its bar, curves, slices, what the features do, lineage, cost and the ML Test Score.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from everfit.cli.opened import opened
from everfit.spec import load_spec

NEWEST = "newest"


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model and a run of it."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("run", nargs="?", default=NEWEST, metavar="RUN", help="its run; the last one judged by default")
    parser.add_argument("--into", type=Path, metavar="FILE", help="where to; <model>-<run>.html here by default")


def run(args: argparse.Namespace, console: Console) -> int:
    """Make it and say where it is."""
    from everfit.steps.card import card, judged_run

    ports, spec = opened(), load_spec(args.name)
    found = judged_run(ports, spec.name, None if args.run == NEWEST else args.run)
    path: Path = args.into or Path(f"{spec.name}-{found}.html")
    made = card(ports, spec, found)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made, encoding="utf-8")
    console.print(f"{path} written", soft_wrap=True)
    return 0
