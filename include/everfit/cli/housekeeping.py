"""Show what data no living model needs, and delete it with --delete.

Without --delete nothing changes. What stays, and why, is listed with --all.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import opened
from everfit.spec import load_spec, spec_names

if TYPE_CHECKING:
    from everfit.steps.retention import Fate

STYLES = {True: ("goes", "yellow"), False: ("stays", "green")}
MEGA = 1e6


def arguments(parser: argparse.ArgumentParser) -> None:
    """Models, and whether to delete."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these models (default: all)")
    parser.add_argument("--delete", action="store_true", help="really delete what can go")
    parser.add_argument("--all", action="store_true", help="list every single thing that stays, too")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print what would go and why the rest stays; delete if that was asked."""
    from everfit.ledger.words import in_words
    from everfit.steps.housekeeping import free, look

    ports = opened()
    specs = {name: load_spec(name) for name in args.names or spec_names()}
    fates = [fate for fate in look(ports, specs) if fate.model in specs or not args.names]
    console.print(table(fates, every=args.all))
    console.print(summary(fates))
    if not args.delete:
        return 0
    console.print()
    for name, spec in specs.items():
        entry = free(ports, spec, f"cli-{uuid4().hex[:12]}") if spec.keep else None
        console.print(Text(f"{name}: {in_words(entry)} (entry {entry.seq})" if entry else f"{name}: nothing to delete"))
    return 0


def table(fates: Sequence[Fate], *, every: bool) -> Table:
    """One line for each batch that goes, and one for all other things of a kind that have the same reason."""
    made = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("model", "", "what", "which"):
        made.add_column(name, no_wrap=name != "which")
    made.add_column("MB", justify="right", no_wrap=True)
    made.add_column("why")
    groups: dict[tuple[object, ...], list[Fate]] = {}
    for fate in fates:
        alone = fate.name if every or (fate.goes and fate.batch) else ""
        groups.setdefault((fate.model, not fate.goes, fate.what, fate.why, alone), []).append(fate)
    for alike in groups.values():
        first = alike[0]
        word, style = STYLES[first.goes]
        size = sum(fate.bytes or 0 for fate in alike) / MEGA if first.bytes is not None else None
        made.add_row(
            first.model, Text(word, style), first.what, _names(alike), f"{size:,.1f}" if size is not None else "",
            first.why,
        )  # fmt: skip
    return made


def summary(fates: Sequence[Fate]) -> Text:
    """How much would go."""
    going = [fate for fate in fates if fate.goes]
    if not going:
        return Text("\nNothing can go.", "bold")
    files, size = sum(fate.files for fate in going), sum(fate.bytes or 0 for fate in going) / MEGA
    return Text(f"\n{files:,} files can go; {size:,.1f} MB of them are batches.", "bold")


def _names(alike: Sequence[Fate]) -> str:
    names = [fate.name for fate in alike]
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]} ({len(names)})"
