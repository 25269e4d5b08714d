"""What `everfit approve` and `everfit reject` share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from everfit.cli.opened import opened, person
from everfit.cli.reason import ask_for_reason
from everfit.settings import roles
from everfit.spec import load_spec

if TYPE_CHECKING:
    from everfit.ledger.approvals import Approval

STYLES = {"open": "yellow", "approved": "bold green", "rejected": "bold red", "lapsed": "red"}


def which_and_why(parser: argparse.ArgumentParser) -> None:
    """The arguments of both."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="challenger", help="the run, or its version; default the challenger"
    )
    ask_for_reason(parser, "why: it is written into the ledger")


def answer_as_told(args: argparse.Namespace, console: Console, *, approved: bool) -> int:
    """Ask if nobody has asked yet, answer as whoever is logged in, and say how things stand."""
    from everfit.steps.approve import Said, answer, ask, lapse, version_meant

    spec, ports = load_spec(args.name), opened()
    version = version_meant(ports.ledger(spec.name).view(), spec.name, args.run)
    ask(ports, spec, version, roles())
    lapse(ports, spec, version)
    said = Said(approved, person(), args.reason.strip(), ports.clock(), "at a terminal")
    tell(console, version, answer(ports, spec, version, said))
    return 0


def tell(console: Console, version: int, found: Approval) -> None:
    """How a question stands."""
    from everfit.ledger.approvals import in_short

    answer = found.answer.value
    console.print(Text.assemble((f"version {version}: {answer}", STYLES[answer]), f"  {in_short(found)}"))
