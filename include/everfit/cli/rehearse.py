"""Rehearse going back: prove that the previous champion could serve, without letting it."""

from __future__ import annotations

import argparse
from uuid import uuid4

from rich.console import Console

from everfit.cli.opened import opened
from everfit.spec import load_spec


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model."""
    parser.add_argument("name", metavar="NAME", help="the model")


def run(args: argparse.Namespace, console: Console) -> int:
    """Rehearse, telling each step; ends with 1 if going back would fail."""
    from everfit.ledger.words import in_words
    from everfit.steps.rehearse import rehearse

    spec, ports = load_spec(args.name), opened()
    entry = rehearse(ports, spec, f"rehearsed:{uuid4().hex}", lambda said: console.print(said, style="dim"))
    console.print(f"entry {entry.seq}: {in_words(entry)}", style="green")
    return 0
