"""Read a model's decisions (show), or prove that none was changed (verify)."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import opened
from everfit.spec import load_spec
from everfit.values import dump

if TYPE_CHECKING:
    from everfit.ledger import Entry, View

TECHNICAL = {"attempt_opened"}
"""Kinds that keep old attempts out and decide nothing: in the JSON, not in the table."""

COLOURS = {
    "batch_accepted": "green",
    "batch_quarantined": "red",
    "batch_duplicate": "dim",
    "promoted": "bold green",
    "rolled_back": "bold yellow",
    "deployment_failed": "red",
    "deployment_overtaken": "yellow",
    "batch_recalled": "bold red",
    "rows_erased": "yellow",
    "gates_overridden": "bold red",
    "approval_asked": "yellow",
    "approval_lapsed": "yellow",
    "evidence_signed": "dim",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """`show` or `verify`, and a model."""
    parser.add_argument("what", choices=["show", "verify"])
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("--last", type=int, metavar="N", help="only the newest N entries")
    parser.add_argument("--json", action="store_true", help="one JSON object per entry, for programs")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the entries, or how many are intact."""
    spec = load_spec(args.name)
    ledger = opened().ledger(spec.name)
    if args.what == "verify":
        count = ledger.verify()
        console.print(f"[green]intact[/green]: {count} entries of {spec.name}, each where it was and as it was written")
        return 0
    view = ledger.view()
    entries = view.entries[-args.last :] if args.last else view.entries
    if args.json:
        for entry in entries:
            print(json.dumps(dump(entry)))
        return 0
    console.print(table(tuple(entry for entry in entries if entry.kind not in TECHNICAL)))
    console.print(standing(view))
    return 0


def _colour(entry: Entry) -> str:
    failed = entry.kind == "rollback_rehearsed" and not getattr(entry.body, "ok", True)
    return "bold red" if failed else COLOURS.get(entry.kind, "")


def table(entries: tuple[Entry, ...]) -> Table:
    """The entries as sentences, oldest first."""
    from everfit.ledger.words import in_words

    made = Table(box=None, header_style="dim", pad_edge=False)
    made.add_column("entry", justify="right", no_wrap=True)
    made.add_column("when (UTC)", no_wrap=True)
    made.add_column("decision")
    made.add_column("sha256", no_wrap=True, style="dim")
    for entry in entries:
        words = Text(in_words(entry), _colour(entry))
        made.add_row(str(entry.seq), f"{entry.at:%Y-%m-%d %H:%M:%S}", words, entry.sha256[:12])
    return made


def standing(view: View) -> Text:
    """Who is what now, in one line."""
    roles = {"champion": view.champion, "previous": view.previous, "challenger": view.challenger}
    said = ", ".join(f"{role} {version}" for role, version in roles.items() if version is not None)
    return Text(f"\nNow: {said or 'no version yet'}", "bold")
