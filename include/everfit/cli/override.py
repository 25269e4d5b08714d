"""Promote a candidate that the gates kept back, against their verdict.

Needs a reason. It is marked for good: in the ledger, on the version in MLflow, in its lineage, on its page and in its
signed evidence. The gates' verdicts stay as they are, people are asked where the spec wants that, and the version has
to answer on the model server like any other: `everfit run`, or the model's deploy DAG, puts it there.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.text import Text

from everfit.cli.ledger import standing
from everfit.cli.opened import opened, person
from everfit.cli.reason import ask_for_reason
from everfit.spec import load_spec


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, a run that was judged, and why."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("run", metavar="RUN", help="the run whose candidate was kept back")
    ask_for_reason(parser, "why: it is written into the ledger")


def run(args: argparse.Namespace, console: Console) -> int:
    """Decide it, register the candidate, and say who is what."""
    from everfit.ledger.words import in_words
    from everfit.steps.override import override

    spec, ports = load_spec(args.name), opened()
    decision, version = override(ports, spec, args.run, args.reason, person())
    console.print(Text(f"entry {decision.seq}: {in_words(decision)}", "bold yellow"))
    console.print(f"version {version.version} is registered", standing(ports.ledger(spec.name).view()))
    return 0
