"""Make the registry's aliases and the model server follow the ledger again, and sign what nobody has signed yet."""

from __future__ import annotations

import argparse

from rich.console import Console

from everfit.cli.ledger import standing
from everfit.cli.opened import opened
from everfit.spec import load_spec


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model."""
    parser.add_argument("name", metavar="NAME", help="the model")


def run(args: argparse.Namespace, console: Console) -> int:
    """Reconcile, and say who is what."""
    from everfit.ledger.reconciler import reconcile
    from everfit.ledger.words import in_words
    from everfit.steps.attest import attest

    spec, ports = load_spec(args.name), opened()
    ledger = ports.ledger(spec.name)
    reconcile(spec.name, ledger, ports.registry, ports.target)
    for receipt in attest(ports, spec):
        console.print(in_words(receipt))
    console.print(f"[green]registry and server follow the ledger of {spec.name}[/green]", standing(ledger.view()))
    return 0
