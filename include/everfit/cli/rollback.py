"""Go back to the previous champion."""

from __future__ import annotations

import argparse
from uuid import uuid4

from rich.console import Console

from everfit.cli.ledger import standing
from everfit.cli.opened import opened, person
from everfit.cli.reason import ask_for_reason
from everfit.spec import load_spec


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model and a reason."""
    parser.add_argument("name", metavar="NAME", help="the model")
    ask_for_reason(parser, "why: it is written into the ledger")


def run(args: argparse.Namespace, console: Console) -> int:
    """Decide it, make registry and server follow, and say who is what."""
    from everfit.ledger.words import in_words
    from everfit.steps.deploy import roll_back

    spec, ports = load_spec(args.name), opened()
    entry = roll_back(ports, spec, reason=args.reason, by=person(), key=f"rollback:{uuid4().hex}")
    console.print(in_words(entry), standing(ports.ledger(spec.name).view()))
    return 0
