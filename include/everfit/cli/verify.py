"""Prove that a promoted version is what its signed evidence says.

Checks the ledger, the signature and every file that the evidence names (model, evidence, batches), reading each byte
from the store and the registry, and lets the gates judge once more. Ends with 1 if anything is not as it was signed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import opened_in
from everfit.spec import load_spec

if TYPE_CHECKING:
    from everfit.steps.verify import Proof

MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("?", "yellow")}


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and a version of it."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument(
        "version",
        nargs="?",
        default="champion",
        metavar="VERSION",
        help="its number, champion (the default) or previous",
    )
    parser.add_argument(
        "--key", metavar="FILE", type=Path, help="a public key (PEM) kept apart from the store: trust no other one"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Check everything with nothing that this machine has copied before, and say what holds."""
    from everfit.ledger.trace import named
    from everfit.steps.signing import read_public_key
    from everfit.steps.verify import verify

    spec = load_spec(args.name)
    trusted = read_public_key(args.key) if args.key else None
    with tempfile.TemporaryDirectory(prefix="everfit-verify-") as work, console.status("reading") as status:
        ports = opened_in(Path(work))
        version = named(ports.ledger(spec.name).view(), spec.name, args.version)
        proofs = verify(ports, spec.name, version, lambda what: status.update(f"checking {what}"), trusted)
    console.print(table(proofs))
    console.print(verdict(spec.name, version, proofs))
    return int(any(proof.holds is False for proof in proofs))


def table(proofs: tuple[Proof, ...]) -> Table:
    """One line for each thing that was checked."""
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    for proof in proofs:
        mark, style = MARKS[proof.holds]
        made.add_row(Text(mark, style), Text(proof.what, style, no_wrap=True), Text(proof.words))
    return made


def verdict(model: str, version: int, proofs: tuple[Proof, ...]) -> Text:
    """What it amounts to, in one line."""
    wrong = [proof.what for proof in proofs if proof.holds is False]
    unknown = [proof.what for proof in proofs if proof.holds is None]
    if wrong:
        return Text(f"\n{model} version {version} is NOT what was signed: {', '.join(wrong)}", "bold red")
    if unknown:
        words = f"nothing contradicts what was signed of {model} version {version}, but some of it is gone"
        return Text(f"\n{words}: {', '.join(unknown)}", "bold yellow")
    return Text(f"\n{model} version {version} is what was signed, to the last byte", "bold green")
